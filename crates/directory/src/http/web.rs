//! The portal's files, inside this binary, and the headers that guard them.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use lockstep_model::Code;

use super::problem::Refusal;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../web/dist"]
struct Files;

const PAGE: &str = "index.html";

/// Nothing inline, nothing foreign; WebAssembly is for OPAQUE in the browser.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types lockstep-worker";

/// The portal's pages; its own list is `web/src/lib/pages.ts`.
const PAGES: &[&str] = &[
    "", "activate", "change", "factor", "forgot", "not-me", "reset", "signin", "signins",
];

/// Answers whatever is no endpoint: a file, a page, or that there is none.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Refusal::from(Code::BadRequest).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if path == ".well-known/change-password" {
        return Redirect::to("/change").into_response();
    }
    if PAGES.contains(&path) {
        return file(PAGE, &headers).unwrap_or_else(no_portal);
    }
    if let Some(file) = file(path, &headers) {
        return file;
    }
    if is_file_name(path) {
        return StatusCode::NOT_FOUND.into_response();
    }
    // People read the page that says so, programs the status.
    match file(PAGE, &HeaderMap::new()) {
        Some(page) => (StatusCode::NOT_FOUND, page).into_response(),
        None => no_portal(),
    }
}

fn is_file_name(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
}

fn no_portal() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "This build has no portal in it: run `npm ci && npm run build` in web/, then build again.",
    )
        .into_response()
}

/// Sets the headers that every answer carries.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let all = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// One of the portal's files, in the shortest form that the client takes; nothing but its tag where
/// the client has it already.
fn file(path: &str, asked: &HeaderMap) -> Option<Response> {
    let packed = || Files::get(&format!("{path}{BROTLI}"));
    let packed = takes_brotli(asked).then(packed).flatten();
    let is_packed = packed.is_some();
    let file = packed.or_else(|| Files::get(path))?;
    // Names under assets/ hold a hash of their contents.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = tag(&file.metadata.sha256_hash());
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    if has(asked, &tag) {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Some((headers, file.data).into_response())
}

/// What the portal's build appends to the name of a file's compressed copy. Every browser takes
/// Brotli over TLS, so there is no other.
const BROTLI: &str = ".br";

/// A strong validator (RFC 9110, 8.8.3): half of the SHA-256 of the very bytes that are sent.
fn tag(hash: &[u8; 32]) -> String {
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

/// Whether the client has what this tag names (RFC 9110, 13.1.2).
pub(super) fn has(asked: &HeaderMap, tag: &str) -> bool {
    elements(asked, header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Whether the client takes Brotli (RFC 9110, 12.5.3); one that says nothing may not.
fn takes_brotli(asked: &HeaderMap) -> bool {
    elements(asked, header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("br") && weight.parse().is_ok_and(|q: f32| q > 0.0)
    })
}

/// The members of a header that is a list.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn every_page_of_the_portal_is_one_here() {
        let list = include_str!("../../../../web/src/lib/pages.ts");
        let mut pages: Vec<&str> = list
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(|address| address.trim_start_matches('/'))
            .collect();
        pages.sort_unstable();
        assert_eq!(pages, PAGES);
    }

    #[test]
    fn brotli_goes_only_to_who_takes_it() {
        let takes = |value| takes_brotli(&asking(header::ACCEPT_ENCODING, value));
        assert!(takes("gzip, deflate, br, zstd"));
        assert!(takes("BR;q=0.5"));
        assert!(!takes("gzip"));
        assert!(!takes("gzip, br; q=0"));
        assert!(!takes("br;q=much"));
        assert!(!takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn a_client_that_has_the_file_is_known_by_its_tag() {
        let tag = tag(&[0xab; 32]);
        let has = |value| has(&asking(header::IF_NONE_MATCH, value), &tag);
        assert!(has("\"abababababababababababababababab\""));
        assert!(has("\"other\", W/\"abababababababababababababababab\""));
        assert!(has("*"));
        assert!(!has("\"other\""));
    }
}
