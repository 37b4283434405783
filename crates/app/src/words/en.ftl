# Every string of the app. $org, $pc, $it and $keychain are given to each of them.

title = { $org } – Lockstep
who = { $user } on { $computer }
phrase = Your phrase: { $phrase }
logo = { $org } logo
help = Help: { $it }
it-nobody = your IT team
show = Show
hide-typed = Hide
show-name = Show { $field }
hide-name = Hide { $field }
caps-lock = Caps Lock is on
minute = This can take a minute.

## Times

today = today at { $time }
yesterday = yesterday at { $time }
on-day = { $weekday } { $day } { $month }, { $time }
on-day-year = { $weekday } { $day } { $month } { $year }, { $time }
sometime = some time ago
short-day = { $day } { $month }
short-day-year = { $day } { $month } { $year }
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec

## Stores and how they stand

store-account = Your account
store-keychain = { $platform ->
    [macos] Keychain
   *[other] Keyring
}
store-disk = { $platform ->
    [macos] Disk (FileVault)
   *[other] Disk
}
state-in-sync = In sync, tested { $when }
state-waiting = Waiting
state-changing = Changing…
state-testing = Testing…
state-needs-you = Needs you since { $when }
state-problem = Problem { $code }
state-set-aside = Set aside on { $day }
state-not-tested = Not tested yet
state-opens-new = Opens with your new password
state-opens-old = Opens with your old password
state-opens-unknown = Not known yet

## Buttons and links

later = Later
next = Next
checking = Checking…
back = Back
close = Close
done = Done
hide = Hide
cancel = Cancel
yes = Yes
no = No
open = Open
try-again = Try again
copy-details = Copy details
details = Details
details-hide = Hide details
not-me = This wasn't me
set-aside = Set aside and continue
continue-without = Continue
lock-and-report = Lock and report
open-portal = Open portal
change-password = Change password
change-password-dots = Change password…
open-dots = Open…
remove-dots = Remove old copy…
remove = Remove
keep = Keep
another = Another
use-it = Use it
get-help = Get help
check-computer = Check this { $pc }
change = Change

## The tray

tray-name = Lockstep: { $line }
tray-not-linked = not set up
tray-working = working
tray-problem = problem { $code }
tray-offline = offline
tray-offline-waiting = offline, password change waiting
tray-needs-you = confirm your new password
tray-expiring = { $days ->
    [0] password expires today
    [one] password expires in { $days } day
   *[other] password expires in { $days } days
}
tray-expired = password has expired
tray-in-sync = in sync
menu-set-up = Set up…
menu-progress = Show progress…
menu-problem = See what to do…
menu-confirm = Confirm new password…
menu-status = Status…
menu-help = Get help…
menu-about = About Lockstep
menu-quit = Quit Lockstep

## Notifications

notice-changed = Your { $org } password changed
notice-changed-body = { $when } { $how }. Confirm it on this { $pc }.
notice-reminder = This { $pc } still has your old password
notice-reminder-body = Confirming takes a minute.
notice-done = Your { $pc } is in sync
notice-done-body = Everything opens with your new password.
notice-stopped = Password sync stopped
notice-stopped-body = { $sentence } ({ $code })
notice-expiring = { $days ->
    [0] Your { $org } password expires today
    [one] Your { $org } password expires in { $days } day
   *[other] Your { $org } password expires in { $days } days
}
notice-expired = Your { $org } password has expired
notice-expiring-body = Change it here and your { $pc } stays in step.

## How a password came to be

how-portal = in the portal
how-computer = on your computer { $client }
how-here = on this { $pc }
how-reset = with a reset link
how-admin = by your IT team ({ $client })
how-invitation = with your invitation

## W1 Your password changed

changed = Your password changed
changed-line = Changed { $when } { $how }.
changed-line-from = Changed { $when } { $how }, from { $client }.
changed-line-plain = Your { $org } password is a new one.
changed-address = Network address: { $address }
changed-ask = Type your new password to bring this { $pc } in step.
changed-temporary = Type the password that you were given; then you choose your own.
drift = Your { $pc } has another password
drift-ask = Type your { $org } password to bring this { $pc } back in step.
new-password = New password
org-password = { $org } password
wrong-new = That isn't your new password. Use the one set { $when }.
wrong-new-plain = That isn't your { $org } password.
wrong-old = That's your old password. Type the new one.
wrong-forgot = { $sentence } Forgot it? Ask { $it } for a reset link.
wrong-wait = Wait { $seconds } seconds.
type-it = Type it first.
unreachable = Can't reach { $org }. Nothing was changed.
agent-gone = Lockstep is starting again on this { $pc }. One moment.

## The code of a second factor

code = A code from your phone
code-line = You were given a new password. A code from your app recovers the one that this { $pc } still has.
code-field = Code from your authenticator app
code-hint = Leave it blank to type your old password instead.

## An own password

own = Choose your own password
own-line = The one you were given was for one use.

## W2 One more password

old = One more password
old-line = This { $pc } still has the password you used before { $when }.
old-line-plain = This { $pc } still has the password you used before.
old-password = Old password
old-hint = Leave it blank if you don't remember it.
old-wrong = { $tries ->
    [one] That doesn't open your { $store }. Nothing was changed. 1 try left.
   *[other] That doesn't open your { $store }. Nothing was changed. { $tries } tries left.
}
old-wrong-plain = That doesn't open your { $store }. Nothing was changed.
old-none-left = Try again in 15 minutes, or leave it blank.

## W3 Without your old password

cost = Without your old password
cost-account = Your account gets your new password.
cost-keychain = Your { $keychain } is set aside, not deleted. You start with an empty one; your old password opens the old one later.
cost-disk = Your disk keeps the old password. After a restart only that or a recovery key opens it. Talk to { $it } before you restart.
cost-account-shut = This needs { $it }.

## W4 Bringing your computer in step

work = Bringing your { $pc } in step…
work-close = You can close this window; the work goes on.
work-step = Step { $done } of { $of }

## W5 In sync

in-sync = Your { $pc } is in sync
in-sync-others = { $others ->
    [0] All your computers are in sync.
    [one] Your other computer will ask when you next use it.
   *[other] Your { $others } other computers will ask when you next use them.
}
in-sync-notice = { $store }: { $sentence }

## W6 Sync stopped

stopped = Sync stopped
stopped-old = For now use your old password on this { $pc }.
stopped-new = For now use your new password on this { $pc }.
copied = Copied.

## W7 You're offline

offline = You're offline
offline-line = Your password changed. This { $pc } asks you when it reaches { $org } again. Until then use your old password here.
offline-change = You can change your password when you're online.

## W8 Status

status-in-sync = This { $pc } is in sync.
status-needs-you = This { $pc } needs your new password.
status-drift = This { $pc } has another password than { $org }.
status-problem = This { $pc } isn't in sync.
status-working = This { $pc } is being brought in step.
status-gone = Lockstep isn't running on this { $pc }.
status-expires = { $days ->
    [0] Your password expires today.
    [one] Your password expires in { $days } day.
   *[other] Your password expires in { $days } days.
}
status-expired = Your password has expired.
status-changed = Last change: { $when } { $how }.
status-computers = Your computers
status-alone = Only this { $pc } so far.
status-as-of = as of { $time }
computer-this = { $name }, This { $pc }
computer-in-sync = In sync
computer-asks = Asks you now
computer-asks-online = Asks when it's online
computer-working = Working
computer-problem = Needs you
computer-seen = { $state }, last contact { $when }

## W9 Change password

change-title = Change password
current-password = Current password
repeat-password = Repeat new password
rule-length = At least { $least } characters ({ $typed } so far)
rule-common = Not a common password
rule-name = Not your name
rule-current = Not your current one
rule-computer = Accepted by this { $pc }
rule-same = Same in both fields
rule-characters = Only characters you can type everywhere
rules-met = { $met } of { $of } rules met
strength-weak = Weak
strength-fair = Fair
strength-good = Good
strength-strong = Strong
strength = Strength: { $word }
tip-longer = A few more words make it much stronger.
tip-words = Unusual words beat digits at the end.
differs = Both fields must be the same.

## W10 Open your old keychain

aside = Open your old { $keychain }
aside-line = Set aside on { $day }.
aside-added = { $added ->
    [one] 1 saved password added.
   *[other] { $added } saved passwords added.
}
aside-both = { $both ->
    [one] 1 existed already; both are kept.
   *[other] { $both } existed already; both are kept.
}
aside-same = { $same ->
    [one] 1 existed already, just the same.
   *[other] { $same } existed already, just the same.
}
aside-unreadable = { $unreadable ->
    [one] 1 can't be read and stays in the old copy alone.
   *[other] { $unreadable } can't be read and stay in the old copy alone.
}
aside-remove = Remove the old copy?
aside-remove-line = Its contents are in your { $keychain } now.
aside-removed = The old copy is removed.
aside-wrong = That doesn't open it. Nothing was changed.

## W11 Link this computer

link = Link this { $pc } to { $org }
link-org = Is this your organisation?
link-sign-in = Sign in with your { $org } user name.
user-name = User name
link-computer = Is the password of this { $pc } another one?
link-computer-hint = Leave it blank if both are the same.
computer-password = Password of this { $pc }
link-both = Both become your { $org } password.
link-disk = Keep the disk in step, too?
link-disk-line = This { $pc }'s disk asks for a password when it starts. If that is the same one, it can follow. Everybody who starts this { $pc } with it needs your new password then.
link-phrase = Choose a phrase
link-phrase-line = You see it whenever we ask for a password. No phrase? Don't type; call { $it }.
link-phrase-field = Your phrase
link-nobody = This { $pc } isn't set up. Ask your IT team.
link-nobody-heading = Not set up
wrong-sign-in = User name or password is wrong.

## W12 You didn't change it?

disown = You didn't change it?
disown-line = Someone else may have. We lock your { $org } account, sign it out everywhere and tell { $it }. This { $pc } still opens with your old password.
disowned = Reported
disowned-line = Reported at { $time }. Call { $it }.
disowned-told = Reported at { $time }. { $it } was told.

## W13 About and help

about = About Lockstep
about-version = Version { $version }
about-what = One password for you and your { $pc }, kept in step.
about-licence = Licensed under Apache-2.0 or MIT.
about-slint = Made with Slint, slint.dev
help-title = Get help
help-line = Ask { $it }.
help-code = Last problem: { $code }
help-no-code = No problem is known.
help-examined = What was found
help-well = Everything that was checked is well.

## Phrases are suggested out of these words

phrase-words = copper teapot amber violin paper lantern velvet acorn silver kettle maple ladder cotton compass marble pigeon winter basket scarlet button quiet harbour ginger pebble
phrase-days = Monday Tuesday Wednesday Thursday Friday Saturday Sunday
