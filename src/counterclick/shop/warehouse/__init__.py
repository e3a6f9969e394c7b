"""Facts that lie in a warehouse: its tables as the contract's, and where they are asked."""
