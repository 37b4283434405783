//! The table: what was measured, what was aimed at, what others reach.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::text;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write-docs` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The table of some figures, in Markdown.
pub(super) fn of(figures: &Value) -> anyhow::Result<String> {
    let machine = &figures["machine"];
    let mut table = format!(
        "Measured {} at commit {} on {} cores of {}, {} GiB, Linux {}; load {} before, {} after.{}\n\n\
         | figure | Lockstep | aim | others |\n|---|---|---|---|\n",
        text(&figures["date"]),
        text(&figures["commit"]),
        machine["cores"],
        text(&machine["cpu"]),
        machine["memory_kib"].as_u64().unwrap_or_default() >> 20,
        text(&machine["kernel"]),
        text(&machine["load_before"]),
        text(&machine["load_after"]),
        if figures["quick"] == true {
            " A quick run: these figures are worth nothing."
        } else {
            ""
        },
    );
    for [figure, ours, aim, others] in rows(figures)? {
        table += &format!("| {figure} | {ours} | {aim} | {others} |\n");
    }
    Ok(table)
}

/// Replaces the table in a page.
pub(super) fn write(page: &Path, table: &str) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(page)?;
    let marks = || format!("{} has lost its marks", page.display());
    let (before, rest) = old.split_once(BEGIN).with_context(marks)?;
    let (_, after) = rest.split_once(END).with_context(marks)?;
    Ok(std::fs::write(
        page,
        format!("{before}{BEGIN}\n{table}\n{END}{after}"),
    )?)
}

fn rows(figures: &Value) -> anyhow::Result<Vec<[String; 4]>> {
    let mut rows = Vec::new();
    sign_ins(&figures["sign_ins"]["rounds"], &mut rows)?;
    wake_ups(&figures["wake_ups"], &mut rows)?;
    agent(&figures["agent"], &mut rows)?;
    app(&figures["app"], &mut rows)?;
    sync(&figures["sync"], &mut rows)?;
    Ok(rows)
}

fn sign_ins(rounds: &Value, rows: &mut Vec<[String; 4]>) -> anyhow::Result<()> {
    let rounds = rounds.as_array().context("no rounds")?;
    let mut clients: Vec<u64> = rounds
        .iter()
        .filter_map(|round| round["clients"].as_u64())
        .collect();
    clients.sort_unstable();
    clients.dedup();
    for clients in clients {
        let of: Vec<&Value> = rounds
            .iter()
            .filter(|round| round["clients"] == clients)
            .collect();
        let median = |path: &str| -> anyhow::Result<f64> {
            let mut all: Vec<f64> = of
                .iter()
                .filter_map(|round| round.pointer(path)?.as_f64())
                .collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2)
                .copied()
                .with_context(|| path.to_owned())
        };
        rows.push([
            format!("sign-ins for each second of the directory's CPU, {clients} at once"),
            whole(median("/per_cpu_second")?),
            "3,000".into(),
            "OpenLDAP 47 (argon2), LLDAP 390".into(),
        ]);
        rows.push([
            format!(
                "sign-ins a second by the clock, {clients} at once, the clients on the same cores"
            ),
            whole(median("/per_second")?),
            String::new(),
            String::new(),
        ]);
        let both = |request: &str| -> anyhow::Result<String> {
            let p50 = median(&format!("/{request}/p50_ms"))?;
            let p99 = median(&format!("/{request}/p99_ms"))?;
            Ok(format!("{p50:.2} / {p99:.2} ms"))
        };
        rows.push([
            format!("first / second request of a sign-in, p50 / p99, {clients} at once"),
            format!("{}; {}", both("start")?, both("finish")?),
            String::new(),
            String::new(),
        ]);
    }
    Ok(())
}

fn wake_ups(all: &Value, rows: &mut Vec<[String; 4]>) -> anyhow::Result<()> {
    for round in all.as_array().context("no wake-ups")? {
        let devices = round["devices"].as_u64().context("no devices")?;
        let number = |path: &str| number(round, path);
        let spread = |name: &str| -> anyhow::Result<String> {
            let p50 = number(&format!("/{name}/p50_ms"))?;
            Ok(format!(
                "{p50:.2} / {:.2} ms",
                number(&format!("/{name}/p99_ms"))?
            ))
        };
        let many = devices > 1;
        let computers = if many {
            format!("{} computers connected", whole(number("/devices")?))
        } else {
            "1 computer connected".to_owned()
        };
        rows.push([
            format!("change sent to computer told, p50 / p99, {computers}"),
            spread("wake_up")?,
            if many {
                "p99 5 ms".into()
            } else {
                String::new()
            },
            if many {
                "OpenLDAP 16.1 / 30.2 ms".into()
            } else {
                "OpenLDAP 0.98 / 1.9 ms".into()
            },
        ]);
        rows.push([
            format!("change sent to change acknowledged, p50 / p99, {computers}"),
            spread("acknowledged")?,
            String::new(),
            String::new(),
        ]);
        rows.push([
            format!(
                "changes lost / needless events, of {} changes",
                whole(number("/acknowledged/count")?)
            ),
            format!("{} / {}", round["lost"], round["needless"]),
            "0 / 0".into(),
            "OpenLDAP 0".into(),
        ]);
        if many {
            rows.push([
                "directory's memory for each connected computer, private dirty / RSS".into(),
                format!(
                    "{:.1} / {:.1} KiB",
                    number("/private_dirty_kib_per_device")?,
                    number("/rss_kib_per_device")?
                ),
                "15 KiB".into(),
                "OpenLDAP 18.9 / 19.9 KiB".into(),
            ]);
            rows.push([
                "directory's CPU for each computer that connects; all of them connected in".into(),
                format!(
                    "{:.2} ms; {:.1} s",
                    number("/cpu_per_connection_ms")?,
                    number("/connected_in_s")?
                ),
                String::new(),
                "OpenLDAP 1.5 s".into(),
            ]);
        }
    }
    Ok(())
}

fn agent(agent: &Value, rows: &mut Vec<[String; 4]>) -> anyhow::Result<()> {
    let number = |path: &str| number(agent, path);
    let kib = |path: &str| -> anyhow::Result<String> { Ok(whole(number(path)?)) };
    rows.push([
        "idle agent, private dirty; right after linking".into(),
        format!(
            "{} KiB; {} KiB",
            kib("/memory_at_end/private_dirty")?,
            kib("/memory_after_link/private_dirty")?
        ),
        "1,024 KiB".into(),
        "SSSD 8.4 MB".into(),
    ]);
    rows.push([
        "idle agent, RSS / PSS".into(),
        format!(
            "{} / {} KiB",
            kib("/memory_at_end/rss")?,
            kib("/memory_at_end/pss")?
        ),
        "5,000 KiB".into(),
        "SSSD 87.5 / 55.9 MB".into(),
    ]);
    rows.push([
        "idle agent, wake-ups and CPU in a minute".into(),
        format!(
            "{:.1}; {:.0} ms",
            number("/wake_ups_per_minute")?,
            number("/cpu_ms_per_minute")?
        ),
        "6".into(),
        "SSSD 38; 3.7 ms".into(),
    ]);
    rows.push([
        "the agent's program".into(),
        format!("{} KiB", kib("/binary_kib")?),
        String::new(),
        String::new(),
    ]);
    Ok(())
}

fn app(app: &Value, rows: &mut Vec<[String; 4]>) -> anyhow::Result<()> {
    let number = |path: &str| number(app, path);
    let both = |path: &str| -> anyhow::Result<[f64; 2]> {
        Ok([
            number(&format!("/hidden/{path}"))?,
            number(&format!("/closed/{path}"))?,
        ])
    };
    let [hidden, closed] = both("memory/private_dirty")?.map(whole);
    rows.push([
        "idle app, private dirty; after a window was shown and closed".into(),
        format!("{hidden} KiB; {closed} KiB"),
        String::new(),
        String::new(),
    ]);
    let [hidden, closed] = both("memory/rss")?.map(whole);
    rows.push([
        "idle app, RSS; after a window was shown and closed".into(),
        format!("{hidden} KiB; {closed} KiB"),
        "20,000 KiB".into(),
        String::new(),
    ]);
    let [hidden, closed] = both("cpu_ms_per_minute")?;
    let wake_ups = both("wake_ups_per_minute")?;
    rows.push([
        "idle app, CPU in a minute, wake-ups; after a window was shown and closed".into(),
        format!(
            "{hidden:.0} ms, {:.1}; {closed:.0} ms, {:.1}",
            wake_ups[0], wake_ups[1]
        ),
        "0 ms".into(),
        String::new(),
    ]);
    rows.push([
        "the app's program".into(),
        format!("{} KiB", whole(number("/binary_kib")?)),
        String::new(),
        String::new(),
    ]);
    Ok(())
}

fn sync(sync: &Value, rows: &mut Vec<[String; 4]>) -> anyhow::Result<()> {
    let ms = |path: &str| number(sync, path);
    rows.push([
        "a sync: by the sum of its unavoidable operations".into(),
        format!("{:.2}", ms("/ratio")?),
        "1.15".into(),
        "shell tools 1.60, without OPAQUE".into(),
    ]);
    rows.push([
        "a sync of account, keyring and disk, p50 / the longest".into(),
        format!("{:.0} / {:.0} ms", ms("/sync/p50_ms")?, ms("/sync/max_ms")?),
        String::new(),
        String::new(),
    ]);
    let operations = sync["operations"].as_array().context("no operations")?;
    let each = operations.iter().map(|operation| {
        let name = operation[0].as_str().unwrap_or_default();
        let ms = operation[1].as_f64().unwrap_or_default();
        format!("{name} {ms:.0}")
    });
    rows.push([
        "its unavoidable operations, each in a process of its own".into(),
        format!(
            "{:.0} ms: {}",
            ms("/floor/p50_ms")?,
            each.collect::<Vec<_>>().join(", ")
        ),
        String::new(),
        String::new(),
    ]);
    Ok(())
}

/// A number that was measured.
fn number(of: &Value, path: &str) -> anyhow::Result<f64> {
    let number = of.pointer(path).and_then(Value::as_f64);
    number.with_context(|| path.to_owned())
}

/// A number without its fraction, in groups of three.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn numbers_are_grouped_as_people_read_them() {
        let all = [0.4, 999.5, 1000.0, 12_345.0, 1_234_567.0].map(whole);
        assert_eq!(all, ["0", "1,000", "1,000", "12,345", "1,234,567"]);
    }
}
