// CardOS
