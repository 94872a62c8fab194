"""Support vector machines by their dual problem."""
