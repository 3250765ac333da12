"""One message from arrival to reply: agent, processor, decide-act loop, sessions."""
