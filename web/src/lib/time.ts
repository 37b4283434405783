// Moments as people say them: "today at 14:32", "yesterday at 09:10", "Mon 3 Nov, 14:32".

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A moment in full. */
export function moment(at: number, now: number): string {
  const day = namedDay(at, now);
  if (day !== undefined) return `${day} at ${clock(at)}`;
  const date = new Date(at);
  return `${DAYS[date.getDay()]} ${dayOfYear(date, now)}, ${clock(at)}`;
}

/** A moment after "tested": today the time is enough. */
export function testedAt(at: number, now: number): string {
  return namedDay(at, now) === 'today' ? clock(at) : moment(at, now);
}

/** A moment after "since": the day is enough, today the time. */
export function since(at: number, now: number): string {
  const day = namedDay(at, now);
  if (day === 'today') return clock(at);
  return day ?? dayOfYear(new Date(at), now);
}

/** The time of day: "14:02". */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

function namedDay(at: number, now: number): 'today' | 'yesterday' | undefined {
  const day = new Date(now);
  if (sameDay(new Date(at), day)) return 'today';
  day.setDate(day.getDate() - 1);
  return sameDay(new Date(at), day) ? 'yesterday' : undefined;
}

function sameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

function dayOfYear(date: Date, now: number): string {
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  const year = date.getFullYear();
  return year === new Date(now).getFullYear() ? day : `${day} ${year}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
