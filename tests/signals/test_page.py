from pathlib import Path

from tradeloop.signals import Abstention, ConflictPolicy, Fault

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "signals.md").read_text("utf-8")


def test_the_example_of_the_page_runs(capsys):
    code = PAGE.split("```python\n")[1].split("```")[0]
    exec(compile(code, "docs/signals.md", "exec"), {})  # noqa: S102 - our own page
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("BUY 0.")
    assert "Size: " in said[1]


def test_the_page_names_every_abstention_with_its_number():
    for reason in set(Abstention) - {Abstention.NONE}:
        assert f"| {int(reason)} | {reason.text} |" in PAGE


def test_the_page_names_every_fault_and_every_policy():
    for name in (*Fault, *ConflictPolicy):
        assert f"`{name}`" in PAGE
