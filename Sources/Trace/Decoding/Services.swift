/// The services of EF.UST, EF.IST and EF.EST, by their numbers.
enum Services {
    /// TS 31.102 clause 4.2.8.
    static let usim = parse(
        """
        1 local phone book, 2 FDN, 3 extension 2, 4 SDN, 5 extension 3, 6 BDN, 7 extension 4, 8 OCI and OCT, 9 ICI and ICT
        10 SMS, 11 SMSR, 12 SMSP, 13 advice of charge, 14 CCP2, 15 CB message identifier, 16 CB message identifier ranges
        17 GID1, 18 GID2, 19 service provider name, 20 user controlled PLMN selector, 21 MSISDN, 22 IMG, 23 SoLSA
        24 eMLPP, 25 automatic answer for eMLPP, 27 GSM access, 28 SMS-PP data download, 29 SMS-CB data download
        30 call control by USIM, 31 MO-SMS control by USIM, 32 RUN AT COMMAND, 33 always available, 34 enabled services
        35 APN control list, 36 depersonalisation control keys, 37 co-operative network list, 38 GSM security context
        39 CPBCCH, 40 investigation scan, 41 MExE, 42 operator controlled PLMN selector, 43 HPLMN selector, 44 extension 5
        45 PLMN network name, 46 operator PLMN list, 47 MBDN, 48 MWIS, 49 CFIS, 51 service provider display information
        52 MMS, 53 extension 8, 54 call control on GPRS, 55 MMS user connectivity parameters, 56 NIA, 57 VGCS, 58 VBS
        59 pseudonym, 60 user controlled PLMN selector for I-WLAN, 61 operator controlled PLMN selector for I-WLAN
        62 user controlled WSID list, 63 operator controlled WSID list, 64 VGCS security, 65 VBS security
        66 WLAN reauthentication identity, 67 multimedia messages storage, 68 GBA, 69 MBMS security
        70 USSD data download, 71 equivalent HPLMN, 72 additional TERMINAL PROFILE, 73 EHPLMN presentation indication
        74 last RPLMN selection indication, 75 OMA BCAST, 76 GBA local key establishment, 77 terminal applications
        78 SPN icon, 79 PNN icon, 80 USIM IP connections, 81 home I-WLAN list, 82 I-WLAN EHPLMN presentation
        83 I-WLAN HPLMN priority, 84 I-WLAN last registered PLMN, 85 EPS mobility management, 86 allowed CSG lists
        87 call control on EPS PDN connection, 88 HPLMN direct access, 89 eCall data, 90 operator CSG lists
        91 SM-over-IP, 92 CSG display control, 93 communication control for IMS, 94 extended terminal applications
        95 UICC access to IMS, 96 NAS configuration, 97 PWS configuration, 99 URI support, 100 extended EARFCN, 101 ProSe
        102 USAT application pairing, 103 media type, 104 IMS call disconnection cause, 105 URI for MO-SMS control
        106 ePDG configuration, 107 ePDG configured, 108 ACDC, 109 MCPTT, 110 ePDG for emergency
        111 ePDG for emergency configured, 112 eCall data over IMS, 113 URI for SMS-PP download, 114 from preferred
        115 IMS configuration data, 116 TV configuration, 117 PS data off, 118 PS data off service list, 119 V2X
        120 XCAP configuration data, 121 EARFCN list, 122 5GS mobility management, 123 5G security parameters
        124 subscription identifier privacy, 125 SUCI by USIM, 126 UAC access identities, 127 SoR at initial registration
        128 call control on PDU session, 129 5GS operator PLMN list, 130 SUPI as NSI or GLI or GCI
        131 PS data off home and roaming, 132 URSP, 133 5G security parameters extended, 134 MuD and MiD
        135 trusted non-3GPP access, 136 several NAS security contexts, 137 CAG list, 138 SOR-CMCI, 139 5G ProSe
        140 disaster roaming, 141 eDRX parameters, 142 5G NSWO, 143 PWS for SNPN, 144 HPPLMN multiplier for satellite
        145 K_AUSF derivation, 146 SNPN identifier
        """
    )

    /// TS 31.103 clause 4.2.7.
    static let isim = parse(
        """
        1 P-CSCF address, 2 GBA, 3 HTTP digest, 4 GBA local key establishment, 5 P-CSCF discovery, 6 SMS, 7 SMSR
        8 SM-over-IP, 9 communication control, 10 UICC access to IMS, 11 URI support, 12 media type
        13 IMS call disconnection cause, 14 URI for MO-SMS control, 15 MCPTT, 16 URI for SMS-PP download
        17 from preferred, 18 IMS configuration data, 19 XCAP configuration data, 20 WebRTC URI, 21 MuD and MiD
        """
    )

    /// TS 31.102 clause 4.2.47.
    static let enabled = parse("1 FDN, 2 BDN, 3 APN control list")

    /// A field for each service that is available, or the numbers in a line.
    static func fields(_ octets: [UInt8], _ names: [Int: String]) -> [TraceField] {
        let numbers = octets.enumerated().flatMap { index, octet in
            (0..<8).filter { octet >> UInt8($0) & 1 == 1 }.map { index * 8 + $0 + 1 }
        }
        let list = numbers.map { TraceField("service \($0)", names[$0] ?? "") }
        return [TraceField("services", numbers.map(String.init).joined(separator: " "), list)]
    }

    private static func parse(_ text: String) -> [Int: String] {
        var names: [Int: String] = [:]
        for item in text.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
            let words = item.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            if words.count == 2, let number = Int(words[0]) { names[number] = String(words[1]) }
        }
        return names
    }
}
