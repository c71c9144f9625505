"""People: users, organizations, teams, and how they prove who they are."""
