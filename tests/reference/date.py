"""Dates by the standard library."""

import calendar
from datetime import date, timedelta

import numpy as np

FRIDAY = 4


def third_friday(year, month):
    days = [date(year, month, day) for day in range(15, 22)]
    return next(day for day in days if day.weekday() == FRIDAY)


def month_end(year, month):
    return date(year, month, calendar.monthrange(year, month)[1])


def facts(day):
    expiry = third_friday(day.year, day.month)
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    ahead = expiry if day <= expiry else third_friday(year, month)
    last = month_end(day.year, day.month)
    quarter = month_end(day.year, 3 * ((day.month - 1) // 3 + 1))
    week = day.isocalendar()[:2] == expiry.isocalendar()[:2] and day <= expiry
    return {
        "month": day.month,
        "day_of_month": day.day,
        "week_of_year": day.isocalendar().week,
        "days_to_month_end": (last - day).days,
        "days_to_quarter_end": (quarter - day).days,
        "days_to_expiry": (ahead - day).days,
        "is_expiry_week": week,
        "is_quarterly_expiry_week": week and day.month in (3, 6, 9, 12),
    }


def expected(columns, x="day"):
    rows = [facts(date(1970, 1, 1) + timedelta(days=v)) for v in columns[x].tolist()]
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
