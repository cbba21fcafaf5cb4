"""`pytest decision_tables/` runs the tests of the workbooks, whether or not the package is installed."""

pytest_plugins = ["referee.cli.pytest_plugin"]
