"""Why a break is there, as session logs show it: breaks and logs in, causes with evidence out."""
