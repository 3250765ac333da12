"""What tests of Frontdesk and of its plug-ins share: contract suites, fakes of ports, real servers.

`contracts` needs pytest; nothing else here does before it is called.
"""
