"""What a charger delivers: its states and faults, its sessions, its energy."""
