"""The credit limits bot in a folder of its own: real commands, real terminal, real host, few requests."""

from __future__ import annotations

from pathlib import Path

from bots.credit_limits.generate_input import COLUMNS, CUSTOMERS
from resources.legacy.credit_host.journal import read_customers
from tests.faults.queue_bot import QueueBot


class CreditBot(QueueBot):
    """``kinds`` says of each request what it is like: plain (a bot may do it), unhappy (sales is asked) or people."""

    def __init__(self, repository: Path, folder: Path, kinds: list[str]) -> None:
        journal = "credit_desk/journal.sqlite"
        super().__init__(repository, folder, "credit_limits", "credit limits", journal, "reference")
        customers = [one for one in read_customers(CUSTOMERS).values() if one.limit <= 150_000]
        self.kinds = {f"CR-{number:02}": kind for number, kind in enumerate(kinds, 1)}
        lines = [",".join(COLUMNS)]
        for (request, kind), customer in zip(self.kinds.items(), customers, strict=False):
            raised = customer.limit + (0 if kind == "people" else 5000)
            complaints = int(kind == "unhappy")
            lines.append(f"{request},{customer.number},{customer.limit},{raised},0,95,9,{complaints}")
        assert len(lines) == len(kinds) + 1, "there are too few customers"
        (folder / "requests.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def questions(self) -> int:
        return len(list((self.folder / "output" / "bot" / "sales").glob("*.txt")))
