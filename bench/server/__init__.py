"""What a server carries: loads, open connections, long conversations, a long time, and messages that come twice."""
