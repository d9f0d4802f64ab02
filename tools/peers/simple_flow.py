"""simple_flow.py TABLE.csv: the most that a set-off clears, by OR-tools' SimpleMinCostFlow.

Prints one line of JSON. Amounts are whole milli-CHIPs; only `solve_seconds` is a fraction: from the
filled graph to the answer, reading excluded.
"""

import json
import sys
import time

import numpy
from ortools.graph.python import min_cost_flow


def milli(text):
    """"12.5" is 12500. Only plain decimals: another reading than ours would be worse than none."""
    whole, _, part = text.partition(".")
    if not (whole + part).isdecimal() or not whole or len(part) > 3:
        raise ValueError(text)
    return int(whole) * 1000 + int(part.ljust(3, "0"))


def read(path):
    """Debtors, creditors and amounts; participants are numbered in the order of their first row."""
    numbers, debtors, creditors, amounts = {}, [], [], []
    with open(path, encoding="utf-8") as file:
        for place, line in enumerate(file, 1):
            try:
                debtor, creditor, amount = line.rstrip("\r\n").split(",")
                amounts.append(milli(amount))
            except ValueError:
                if place == 1:  # the header
                    continue
                sys.exit(f"simple_flow: line {place} is not debtor,creditor,amount")
            debtors.append(numbers.setdefault(debtor, len(numbers)))
            creditors.append(numbers.setdefault(creditor, len(numbers)))
    return len(numbers), debtors, creditors, amounts


def main():
    participants, debtors, creditors, amounts = read(sys.argv[1])
    flow = min_cost_flow.SimpleMinCostFlow()
    # Every milli cleared earns one: the cheapest circulation clears the most.
    costs = numpy.full(len(amounts), -1)
    flow.add_arcs_with_capacity_and_unit_cost(
        numpy.array(debtors), numpy.array(creditors), numpy.array(amounts), costs
    )
    start = time.perf_counter()
    status = flow.solve()
    took = time.perf_counter() - start
    if status != flow.OPTIMAL:
        sys.exit(f"simple_flow: OR-tools ends with {status}")
    found = {"participants": participants, "rows": len(amounts), "cleared": -flow.optimal_cost()}
    print(json.dumps({**found, "solve_seconds": round(took, 6)}))


main()
