print("veuicc")
