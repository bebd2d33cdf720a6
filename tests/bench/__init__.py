"""Speed, next to Apache: CPU time a request, latency, memory."""
