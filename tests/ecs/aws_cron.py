"""Application Auto Scaling's schedules: at(…), rate(…) and cron(six fields, of which one of the two days is ?)."""
import re

NAMES = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
LIMITS = [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 1, 7), ("year", 1970, 2199)]


def problem(schedule):
    """In words; empty: fine."""
    if re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|rate\([1-9]\d* (minutes?|hours?|days?)\)", schedule):
        return ""
    found = re.fullmatch(r"cron\((.*)\)", schedule)
    if not found:
        return f"schedule {schedule!r} is neither at, rate nor cron"
    fields = found.group(1).split()
    if len(fields) != 6:
        return f"schedule {schedule!r} has {len(fields)} fields, not 6"
    if (fields[2] == "?") == (fields[4] == "?"):
        return f"schedule {schedule!r}: one of the two days, and only one, is ?"
    for text, (name, low, high) in zip(fields, LIMITS):
        for part in text.split(","):
            wrong = part_problem(part, name, low, high)
            if wrong:
                return f"schedule {schedule!r}: {wrong}"
    return ""


def part_problem(part, name, low, high):
    if part in ("*", "?") or part in ("L", "LW") or re.fullmatch(r"\d+(W|L|#[1-5])", part):
        return ""
    found = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
    if not found:
        return f"{name} {part!r} is unreadable"
    for one in (found.group(1), found.group(2)):
        if one is None or one == "*" or one.upper() in NAMES:
            continue
        if not one.isdigit() or not low <= int(one) <= high:
            return f"{name} {one!r} is not within {low} to {high}"
    return ""
