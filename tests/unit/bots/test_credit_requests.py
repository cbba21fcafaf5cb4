"""The example of the credit limits bot fits the credit desk that comes with it."""

from __future__ import annotations

from pathlib import Path

from bots.credit_limits import generate_input
from resources.legacy import credit_host
from resources.legacy.credit_host.journal import read_customers


def test_the_committed_requests_are_what_the_generator_makes(tmp_path: Path) -> None:
    assert generate_input.write(tmp_path / "made.csv").read_bytes() == generate_input.FILE.read_bytes()
    assert generate_input.make_requests(1) != generate_input.make_requests(2)


def test_every_request_but_one_names_a_customer_and_the_limit_of_the_credit_desk() -> None:
    customers = read_customers(Path(credit_host.__file__).with_name("customers.csv"))
    strangers = []
    for request in generate_input.make_requests():
        if request["customer"] in customers:
            assert request["current limit"] == str(customers[request["customer"]].limit)
        else:
            strangers.append(request["customer"])
    assert strangers == ["10029"], "one with a digit missing, which people have to see"
