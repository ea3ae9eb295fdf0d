"""Slow and obvious: the fact that counted at each decision."""


def as_of_oracle(decisions, facts):
    """Position of the newest known fact per decision; None where nothing was known."""
    found = []
    for decision in decisions:
        known = [
            (fact["event_ns"], fact["received_ns"], place)
            for place, fact in enumerate(facts)
            if fact["instrument"] == decision["instrument"]
            and fact["received_ns"] <= decision["received_ns"]
        ]
        found.append(max(known)[2] if known else None)
    return found
