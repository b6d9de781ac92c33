"""The pack for Cortex XSOAR and XSIAM."""
