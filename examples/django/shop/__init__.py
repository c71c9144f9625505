"""A shop on Django whose customers ask for help, and whose staff answer in the desk's own pages."""
