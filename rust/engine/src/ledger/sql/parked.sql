SELECT id, gateway, remote, address, state, detail, at_ms FROM parked ORDER BY id
