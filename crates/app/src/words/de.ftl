# Jeder Text der App. $org, $pc, $it und $keychain bekommt jeder.

title = { $org } – Lockstep
who = { $user } an { $computer }
phrase = Ihr Merksatz: { $phrase }
logo = Logo von { $org }
help = Hilfe: { $it }
it-nobody = Ihre IT
show = Zeigen
hide-typed = Verbergen
show-name = { $field } zeigen
hide-name = { $field } verbergen
caps-lock = Feststelltaste ist an
minute = Das kann eine Minute dauern.

## Zeiten

today = heute um { $time }
yesterday = gestern um { $time }
on-day = { $weekday } { $day }. { $month }, { $time }
on-day-year = { $weekday } { $day }. { $month } { $year }, { $time }
sometime = vor einiger Zeit
short-day = { $day }. { $month }
short-day-year = { $day }. { $month } { $year }
weekday-1 = Mo.
weekday-2 = Di.
weekday-3 = Mi.
weekday-4 = Do.
weekday-5 = Fr.
weekday-6 = Sa.
weekday-7 = So.
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

## Speicher und ihr Stand

store-account = Ihr Konto
store-keychain = Schlüsselbund
store-disk = { $platform ->
    [macos] Festplatte (FileVault)
   *[other] Festplatte
}
state-in-sync = Im Gleichschritt, geprüft { $when }
state-waiting = Wartet
state-changing = Wird geändert…
state-testing = Wird geprüft…
state-needs-you = Braucht Sie seit { $when }
state-problem = Problem { $code }
state-set-aside = Beiseitegelegt am { $day }
state-not-tested = Noch nicht geprüft
state-opens-new = Öffnet sich mit Ihrem neuen Passwort
state-opens-old = Öffnet sich mit Ihrem alten Passwort
state-opens-unknown = Noch nicht bekannt

## Knöpfe und Verweise

later = Später
next = Weiter
checking = Wird geprüft…
back = Zurück
close = Schließen
done = Fertig
hide = Ausblenden
cancel = Abbrechen
yes = Ja
no = Nein
open = Öffnen
try-again = Noch einmal
copy-details = Einzelheiten kopieren
details = Einzelheiten
details-hide = Einzelheiten ausblenden
not-me = Das war ich nicht
set-aside = Beiseitelegen und weiter
continue-without = Weiter
lock-and-report = Sperren und melden
open-portal = Portal öffnen
change-password = Passwort ändern
change-password-dots = Passwort ändern…
open-dots = Öffnen…
remove-dots = Alte Kopie löschen…
remove = Löschen
keep = Behalten
another = Anderer
use-it = Nehmen
get-help = Hilfe holen
check-computer = { $pc } prüfen
change = Ändern

## Das Symbol

tray-name = Lockstep: { $line }
tray-not-linked = nicht eingerichtet
tray-working = arbeitet
tray-problem = Problem { $code }
tray-offline = offline
tray-offline-waiting = offline, neues Passwort wartet
tray-needs-you = neues Passwort bestätigen
tray-expiring = { $days ->
    [0] Passwort läuft heute ab
    [one] Passwort läuft in { $days } Tag ab
   *[other] Passwort läuft in { $days } Tagen ab
}
tray-expired = Passwort ist abgelaufen
tray-in-sync = im Gleichschritt
menu-set-up = Einrichten…
menu-progress = Fortschritt zeigen…
menu-problem = Was zu tun ist…
menu-confirm = Neues Passwort bestätigen…
menu-status = Stand…
menu-help = Hilfe holen…
menu-about = Über Lockstep
menu-quit = Lockstep beenden

## Mitteilungen

notice-changed = Ihr Passwort für { $org } wurde geändert
notice-changed-body = { $when } { $how }. Bestätigen Sie es an diesem { $pc }.
notice-reminder = Dieser { $pc } hat noch Ihr altes Passwort
notice-reminder-body = Bestätigen dauert eine Minute.
notice-done = Ihr { $pc } ist im Gleichschritt
notice-done-body = Alles öffnet sich mit Ihrem neuen Passwort.
notice-stopped = Der Abgleich ist stehen geblieben
notice-stopped-body = { $sentence } ({ $code })
notice-expiring = { $days ->
    [0] Ihr Passwort für { $org } läuft heute ab
    [one] Ihr Passwort für { $org } läuft in { $days } Tag ab
   *[other] Ihr Passwort für { $org } läuft in { $days } Tagen ab
}
notice-expired = Ihr Passwort für { $org } ist abgelaufen
notice-expiring-body = Ändern Sie es hier, dann bleibt Ihr { $pc } im Gleichschritt.

## Wie ein Passwort entstand

how-portal = im Portal
how-computer = an Ihrem Computer { $client }
how-here = an diesem { $pc }
how-reset = mit einem Rücksetz-Link
how-admin = durch Ihre IT ({ $client })
how-invitation = mit Ihrer Einladung

## W1

changed = Ihr Passwort wurde geändert
changed-line = Geändert { $when } { $how }.
changed-line-from = Geändert { $when } { $how }, mit { $client }.
changed-line-plain = Ihr Passwort für { $org } ist ein neues.
changed-address = Netzadresse: { $address }
changed-ask = Geben Sie Ihr neues Passwort ein; dann zieht dieser { $pc } nach.
changed-temporary = Geben Sie das Passwort ein, das Sie bekommen haben; dann wählen Sie ein eigenes.
drift = Ihr { $pc } hat ein anderes Passwort
drift-ask = Geben Sie Ihr Passwort für { $org } ein; dann zieht dieser { $pc } nach.
new-password = Neues Passwort
org-password = Passwort für { $org }
wrong-new = Das ist nicht Ihr neues Passwort. Nehmen Sie das, das { $when } gesetzt wurde.
wrong-new-plain = Das ist nicht Ihr Passwort für { $org }.
wrong-old = Das ist Ihr altes Passwort. Geben Sie das neue ein.
wrong-forgot = { $sentence } Vergessen? Einen Rücksetz-Link bekommen Sie hier: { $it }.
wrong-wait = Warten Sie { $seconds } Sekunden.
type-it = Geben Sie es zuerst ein.
unreachable = { $org } ist nicht erreichbar. Nichts wurde geändert.
agent-gone = Lockstep startet an diesem { $pc } neu. Einen Moment.

## Der Code eines zweiten Faktors

code = Ein Code von Ihrem Telefon
code-line = Sie haben ein neues Passwort bekommen. Mit einem Code aus Ihrer App findet sich das, das dieser { $pc } noch hat.
code-field = Code aus Ihrer Authenticator-App
code-hint = Lassen Sie es leer, um stattdessen Ihr altes Passwort einzugeben.

## Ein eigenes Passwort

own = Wählen Sie Ihr eigenes Passwort
own-line = Das, das Sie bekommen haben, galt nur einmal.

## W2

old = Noch ein Passwort
old-line = Dieser { $pc } hat noch das Passwort, das Sie vorher benutzt haben ({ $when } geändert).
old-line-plain = Dieser { $pc } hat noch das Passwort, das Sie vorher benutzt haben.
old-password = Altes Passwort
old-hint = Lassen Sie es leer, wenn Sie es nicht mehr wissen.
old-wrong = { $tries ->
    [one] Damit öffnet sich nicht: { $store }. Nichts wurde geändert. Noch 1 Versuch.
   *[other] Damit öffnet sich nicht: { $store }. Nichts wurde geändert. Noch { $tries } Versuche.
}
old-wrong-plain = Damit öffnet sich nicht: { $store }. Nichts wurde geändert.
old-none-left = Versuchen Sie es in 15 Minuten wieder, oder lassen Sie es leer.

## W3

cost = Ohne Ihr altes Passwort
cost-account = Ihr Konto bekommt Ihr neues Passwort.
cost-keychain = Ihr { $keychain } wird beiseitegelegt, nicht gelöscht. Sie beginnen mit einem leeren; den alten öffnet später Ihr altes Passwort.
cost-disk = Ihre Festplatte behält das alte Passwort. Nach einem Neustart öffnet sie nur das oder ein Wiederherstellungsschlüssel. Sprechen Sie vor dem Neustart mit { $it }.
cost-account-shut = Dafür brauchen Sie { $it }.

## W4

work = Ihr { $pc } zieht nach…
work-close = Sie können dieses Fenster schließen; die Arbeit geht weiter.
work-step = Schritt { $done } von { $of }

## W5

in-sync = Ihr { $pc } ist im Gleichschritt
in-sync-others = { $others ->
    [0] Alle Ihre Computer sind im Gleichschritt.
    [one] Ihr anderer Computer fragt, wenn Sie ihn das nächste Mal benutzen.
   *[other] Ihre { $others } anderen Computer fragen, wenn Sie sie das nächste Mal benutzen.
}
in-sync-notice = { $store }: { $sentence }

## W6

stopped = Der Abgleich ist stehen geblieben
stopped-old = Benutzen Sie an diesem { $pc } vorerst Ihr altes Passwort.
stopped-new = Benutzen Sie an diesem { $pc } vorerst Ihr neues Passwort.
copied = Kopiert.

## W7

offline = Sie sind offline
offline-line = Ihr Passwort wurde geändert. Dieser { $pc } fragt Sie, wenn er { $org } wieder erreicht. Bis dahin benutzen Sie hier Ihr altes Passwort.
offline-change = Sie können Ihr Passwort ändern, wenn Sie online sind.

## W8

status-in-sync = Dieser { $pc } ist im Gleichschritt.
status-needs-you = Dieser { $pc } braucht Ihr neues Passwort.
status-drift = Dieser { $pc } hat ein anderes Passwort als { $org }.
status-problem = Dieser { $pc } ist nicht im Gleichschritt.
status-working = Dieser { $pc } zieht gerade nach.
status-gone = Lockstep läuft an diesem { $pc } nicht.
status-expires = { $days ->
    [0] Ihr Passwort läuft heute ab.
    [one] Ihr Passwort läuft in { $days } Tag ab.
   *[other] Ihr Passwort läuft in { $days } Tagen ab.
}
status-expired = Ihr Passwort ist abgelaufen.
status-changed = Letzte Änderung: { $when } { $how }.
status-computers = Ihre Computer
status-alone = Bisher nur dieser { $pc }.
status-as-of = Stand { $time }
computer-this = { $name }, Dieser { $pc }
computer-in-sync = Im Gleichschritt
computer-asks = Fragt Sie jetzt
computer-asks-online = Fragt, wenn er online ist
computer-working = Arbeitet
computer-problem = Braucht Sie
computer-seen = { $state }, zuletzt gesehen { $when }

## W9

change-title = Passwort ändern
current-password = Jetziges Passwort
repeat-password = Neues Passwort wiederholen
rule-length = Mindestens { $least } Zeichen (bisher { $typed })
rule-common = Kein häufiges Passwort
rule-name = Nicht Ihr Name
rule-current = Nicht Ihr jetziges
rule-computer = Von diesem { $pc } angenommen
rule-same = In beiden Feldern gleich
rule-characters = Nur Zeichen, die sich überall tippen lassen
rules-met = { $met } von { $of } Regeln erfüllt
strength-weak = Schwach
strength-fair = Mäßig
strength-good = Gut
strength-strong = Stark
strength = Stärke: { $word }
tip-longer = Ein paar Wörter mehr machen es viel stärker.
tip-words = Ungewöhnliche Wörter sind besser als Ziffern am Ende.
differs = Beide Felder müssen gleich sein.

## W10

aside = Ihren alten { $keychain } öffnen
aside-line = Beiseitegelegt am { $day }.
aside-added = { $added ->
    [one] 1 gespeichertes Passwort hinzugefügt.
   *[other] { $added } gespeicherte Passwörter hinzugefügt.
}
aside-both = { $both ->
    [one] 1 gab es schon; beide bleiben.
   *[other] { $both } gab es schon; beide bleiben.
}
aside-same = { $same ->
    [one] 1 gab es schon, genau so.
   *[other] { $same } gab es schon, genau so.
}
aside-unreadable = { $unreadable ->
    [one] 1 lässt sich nicht lesen und bleibt nur in der alten Kopie.
   *[other] { $unreadable } lassen sich nicht lesen und bleiben nur in der alten Kopie.
}
aside-remove = Die alte Kopie löschen?
aside-remove-line = Was darin ist, ist jetzt in Ihrem { $keychain }.
aside-removed = Die alte Kopie ist gelöscht.
aside-wrong = Damit öffnet er sich nicht. Nichts wurde geändert.

## W11

link = Diesen { $pc } mit { $org } verbinden
link-org = Ist das Ihre Organisation?
link-sign-in = Melden Sie sich mit Ihrem Benutzernamen bei { $org } an.
user-name = Benutzername
link-computer = Hat dieser { $pc } ein anderes Passwort?
link-computer-hint = Lassen Sie es leer, wenn beide gleich sind.
computer-password = Passwort dieses { $pc }s
link-both = Beide werden Ihr Passwort für { $org }.
link-disk = Auch die Festplatte im Gleichschritt halten?
link-disk-line = Die Festplatte dieses { $pc }s fragt beim Start nach einem Passwort. Ist es dasselbe, kann sie folgen. Wer diesen { $pc } damit startet, braucht dann Ihr neues Passwort.
link-phrase = Wählen Sie einen Merksatz
link-phrase-line = Sie sehen ihn, wann immer wir nach einem Passwort fragen. Kein Merksatz? Nichts eingeben, sondern anrufen: { $it }.
link-phrase-field = Ihr Merksatz
link-nobody = Dieser { $pc } ist nicht eingerichtet. Fragen Sie Ihre IT.
link-nobody-heading = Nicht eingerichtet
wrong-sign-in = Benutzername oder Passwort ist falsch.

## W12

disown = Sie haben es nicht geändert?
disown-line = Vielleicht war es jemand anders. Wir sperren Ihr Konto bei { $org }, melden es überall ab und sagen es { $it }. Dieser { $pc } öffnet sich weiter mit Ihrem alten Passwort.
disowned = Gemeldet
disowned-line = Gemeldet um { $time }. Rufen Sie an: { $it }.
disowned-told = Gemeldet um { $time }. Bescheid weiß: { $it }.

## W13

about = Über Lockstep
about-version = Version { $version }
about-what = Ein Passwort für Sie und Ihren { $pc }, im Gleichschritt.
about-licence = Lizenziert unter Apache-2.0 oder MIT.
about-slint = Gemacht mit Slint, slint.dev
help-title = Hilfe holen
help-line = Fragen Sie: { $it }.
help-code = Letztes Problem: { $code }
help-no-code = Kein Problem ist bekannt.
help-examined = Was gefunden wurde
help-well = Alles Geprüfte ist in Ordnung.

## Aus diesen Wörtern werden Merksätze vorgeschlagen

phrase-words = Kupferkanne Laterne Geige Samt Eichel Kessel Ahorn Leiter Kompass Murmel Taube Korb Knopf Hafen Ingwer Kiesel Wolke Feder Brücke Zimt Mohn Anker Segel Linde
phrase-days = Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag
