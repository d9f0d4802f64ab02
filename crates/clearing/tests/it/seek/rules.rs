//! What is refused and counted, what it costs, and what nobody is told.
