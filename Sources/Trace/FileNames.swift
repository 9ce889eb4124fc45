import Octets

/// What the standards call the files of a UICC, for those who read output.
///
/// Names and identifiers: TS 102 221 clause 13, TS 31.102 and TS 31.103 clause 4, 3GPP2 C.S0065 clause 3, TS 51.011
/// clause 10.7, as the templates of the profile package have them (vectors/saip/templates.tsv).
public enum FileNames {
    /// The name of a file in a directory. `context` is `MF`, the path of a DF below the MF (`7F10/5F3A`), or the name of
    /// an ADF and a path below that (`ADF.USIM/5FC0`).
    public static func name(of fileIdentifier: UInt16, in context: String) -> String? {
        // The phone books of TS 31.102 clause 4.4.2 and clause 4.6 have the same files.
        let context = context == "ADF.USIM/5F3A" ? "7F10/5F3A" : context
        return table[context]?.first { $0.identifiers.contains(fileIdentifier) }?.name
    }

    /// The name of an application, by the start of its DF name: TS 101 220 annex E, 3GPP2 C.S0065.
    public static func application(_ dfName: [UInt8]) -> String? {
        let text = Hex.string(dfName)
        return applications.first { text.hasPrefix($0.start) }?.name
    }

    /// The name of anything that can be selected by a DF name or AID, applications without files among them: GSMA SGP.02
    /// clause 2.2.3 and annex H, GlobalPlatform Card Specification annex H.
    public static func selectable(_ dfName: [UInt8]) -> String? {
        let text = Hex.string(dfName)
        return application(dfName) ?? others.first { text.hasPrefix($0.start) }?.name ?? packages[text]
    }

    /// The file identifier that a short file identifier means in a directory, as the standards have it.
    static func identifier(ofShort shortIdentifier: UInt8, in context: String) -> UInt16? {
        shortIdentifiers[context]?[shortIdentifier]
    }

    /// Packages and modules, by the whole AID: those of instances often begin with it.
    private static let packages = [
        "A000000151535041": "Security Domain module",
        "A0000001515350": "Security Domain package",
        "A00000015100": "org.globalplatform",
        "A0000000620001": "java.lang",
        "A0000000620101": "javacard.framework",
        "A0000000620102": "javacard.security",
        "A0000000620201": "javacardx.crypto",
    ]

    private static let others = [
        (start: "A0000005591010FFFFFFFF8900000100", name: "ISD-R"),
        (start: "A0000005591010FFFFFFFF8900000200", name: "ECASD"),
        (start: "A0000005591010FFFFFFFF890000", name: "ISD-P"),
        (start: "A000000151000000", name: "ISD"),
        (start: "A000000003000000", name: "ISD"),
        (start: "A00000015141434C", name: "ARA-M"),
        (start: "A00000015153504341534400", name: "CASD"),
        (start: "A0000000090003FFFFFFFF8910710001", name: "sim.access"),
        (start: "A0000000090003FFFFFFFF8910710002", name: "sim.toolkit"),
        (start: "A0000000090005FFFFFFFF8911", name: "uicc.access"),
        (start: "A0000000090005FFFFFFFF8912", name: "uicc.toolkit"),
        (start: "A000000308000010", name: "PIV"),
        (start: "A0000006472F0001", name: "FIDO"),
        (start: "D27600012401", name: "OpenPGP"),
        (start: "D2760000850101", name: "NDEF"),
        (start: "325041592E5359532E4444463031", name: "PPSE"),
        (start: "A000000063504B43532D3135", name: "PKCS-15"),
        (start: "A000000087100A", name: "HPSIM"),
        (start: "A000000087100B", name: "ADF.SSIM"),
    ]

    /// TS 102 221 clause 13, TS 31.102 annex H, TS 31.103 annex B.
    private static let shortIdentifiers: [String: [UInt8: UInt16]] = [
        "MF": [0x1E: 0x2F00, 0x05: 0x2F05, 0x06: 0x2F06, 0x08: 0x2F08, 0x02: 0x2FE2],
        "ADF.USIM": [
            0x01: 0x6FB7, 0x02: 0x6F05, 0x03: 0x6FAD, 0x04: 0x6F38, 0x05: 0x6F56, 0x06: 0x6F78, 0x07: 0x6F07,
            0x08: 0x6F08, 0x09: 0x6F09, 0x0A: 0x6F60, 0x0B: 0x6F7E, 0x0C: 0x6F73, 0x0D: 0x6F7B, 0x0E: 0x6F48,
            0x0F: 0x6F5B, 0x10: 0x6F5C, 0x11: 0x6F61, 0x12: 0x6F31, 0x13: 0x6F62, 0x14: 0x6F80, 0x15: 0x6F81,
            0x16: 0x6F4F, 0x17: 0x6F06, 0x18: 0x6FE4, 0x19: 0x6FC5, 0x1A: 0x6FC6, 0x1B: 0x6FCD, 0x1D: 0x6FD9,
            0x1E: 0x6FE3,
        ],
        "ADF.USIM/5FC0": [
            0x01: 0x4F01, 0x02: 0x4F02, 0x03: 0x4F03, 0x04: 0x4F04, 0x05: 0x4F05, 0x06: 0x4F06, 0x07: 0x4F07,
            0x08: 0x4F08, 0x09: 0x4F09, 0x0A: 0x4F0A, 0x0C: 0x4F0C, 0x0D: 0x4F0D, 0x0E: 0x4F0E, 0x0F: 0x4F0F,
            0x10: 0x4F10, 0x11: 0x4F11, 0x15: 0x4F15, 0x16: 0x4F16,
        ],
        "ADF.ISIM": [
            0x02: 0x6F02, 0x03: 0x6FAD, 0x04: 0x6F04, 0x05: 0x6F03, 0x06: 0x6F06, 0x07: 0x6F07,
        ],
    ]

    private static let applications = [
        (start: "A0000000871002", name: "ADF.USIM"),
        (start: "A0000000871004", name: "ADF.ISIM"),
        (start: "A0000003431002", name: "ADF.CSIM"),
    ]

    private typealias Entry = (identifiers: ClosedRange<UInt16>, name: String)

    private static let table: [String: [Entry]] = {
        var table: [String: [Entry]] = [:]
        var context = ""
        for line in text.split(separator: "\n") {
            guard line.hasPrefix(" ") else {
                context = String(line)
                continue
            }
            for cell in line.split(separator: ",") {
                let words = cell.split(separator: " ")
                let identifiers = words.first?.split(separator: "-").compactMap { UInt16($0, radix: 16) }
                guard let first = identifiers?.first, let last = identifiers?.last, let name = words.last else {
                    continue
                }
                table[context, default: []].append((first...max(first, last), String(name)))
            }
        }
        return table
    }()

    private static let text = """
        MF
            2F00 EF.DIR, 2F05 EF.PL, 2F06 EF.ARR, 2F08 EF.UMPC, 2FE2 EF.ICCID, 7F10 DF.TELECOM, 7F11 DF.CD
            7F20 DF.GSM, 7F25 DF.CDMA
        7F10
            5F3A DF.PHONEBOOK, 5F3B DF.MULTIMEDIA, 5F3C DF.MMSS, 5F3D DF.MCS, 5F3E DF.V2X, 5F50 DF.GRAPHICS
            6F06 EF.ARR, 6F3A EF.ADN, 6F3B EF.FDN, 6F3C EF.SMS, 6F40 EF.MSISDN, 6F42 EF.SMSP, 6F43 EF.SMSS
            6F44 EF.LND, 6F47 EF.SMSR, 6F49 EF.SDN, 6F4A EF.EXT1, 6F4B EF.EXT2, 6F4C EF.EXT3, 6F53 EF.RMA
            6F54 EF.SUME, 6FE0 EF.ICE_DN, 6FE1 EF.ICE_FF, 6FE5 EF.PSISMSC
        7F10/5F3A
            4F22 EF.PSC, 4F23 EF.CC, 4F24 EF.PUID, 4F30 EF.PBR, 4F38-4F3F EF.EXT1, 4F40-4F47 EF.AAS
            4F48-4F4F EF.GAS, 4F50-4F57 EF.IAP, 4F58-4F5F EF.ADN, 4F60-4F67 EF.PBC, 4F68-4F6F EF.ANR
            4F70-4F77 EF.PURI, 4F78-4F7F EF.EMAIL, 4F80-4F87 EF.SNE, 4F88-4F8F EF.UID, 4F90-4F97 EF.GRP
            4F98-4F9F EF.CCP1
        7F10/5F3B
            4F47 EF.MML, 4F48 EF.MMDF
        7F10/5F3C
            4F20 EF.MLPL, 4F21 EF.MSPL, 4F22 EF.MMSSMODE
        7F10/5F3D
            4F01 EF.MST, 4F02 EF.MCSCONFIG
        7F10/5F3E
            4F01 EF.VST, 4F02 EF.V2X_CONFIG, 4F03 EF.V2XP_PC5, 4F04 EF.V2XP_Uu
        7F10/5F50
            4F01 EF.LAUNCH_SCWS, 4F20 EF.IMG, 4F21 EF.ICE_GRAPHICS, 4F40-4F7F EF.IIDF, 4F80-4FBF EF.ICON
        7F11
            6F01 EF.LAUNCHPAD, 6F40-6F7E EF.ICON
        7F20
            6F05 EF.LP, 6F07 EF.IMSI, 6F20 EF.Kc, 6F30 EF.PLMNsel, 6F31 EF.HPPLMN, 6F37 EF.ACMmax, 6F38 EF.SST
            6F39 EF.ACM, 6F3E EF.GID1, 6F3F EF.GID2, 6F41 EF.PUCT, 6F45 EF.CBMI, 6F46 EF.SPN, 6F52 EF.KcGPRS
            6F74 EF.BCCH, 6F78 EF.ACC, 6F7B EF.FPLMN, 6F7E EF.LOCI, 6FAD EF.AD, 6FAE EF.Phase
        ADF.USIM
            5F3A DF.PHONEBOOK, 5F3B DF.GSM-ACCESS, 5F40 DF.WLAN, 5F50 DF.HNB, 5F70 DF.SoLSA
            5FC0 DF.5GS, 5FD0 DF.SAIP, 5FE0 DF.SNPN, 5FF0 DF.5G_ProSe
            6F01 EF.eAKA, 6F05 EF.LI, 6F06 EF.ARR, 6F07 EF.IMSI, 6F08 EF.Keys, 6F09 EF.KeysPS, 6F2C EF.DCK
            6F31 EF.HPPLMN, 6F32 EF.CNL, 6F37 EF.ACMmax, 6F38 EF.UST, 6F39 EF.ACM, 6F3B EF.FDN, 6F3C EF.SMS
            6F3E EF.GID1, 6F3F EF.GID2, 6F40 EF.MSISDN, 6F41 EF.PUCT, 6F42 EF.SMSP, 6F43 EF.SMSS, 6F45 EF.CBMI
            6F46 EF.SPN, 6F47 EF.SMSR, 6F48 EF.CBMID, 6F49 EF.SDN, 6F4B EF.EXT2, 6F4C EF.EXT3, 6F4D EF.BDN
            6F4E EF.EXT5, 6F4F EF.CCP2, 6F50 EF.CBMIR, 6F55 EF.EXT4, 6F56 EF.EST, 6F57 EF.ACL, 6F58 EF.CMI
            6F5B EF.START-HFN, 6F5C EF.THRESHOLD, 6F60 EF.PLMNwAcT, 6F61 EF.OPLMNwAcT, 6F62 EF.HPLMNwAcT
            6F73 EF.PSLOCI, 6F78 EF.ACC, 6F7B EF.FPLMN, 6F7E EF.LOCI, 6F80 EF.ICI, 6F81 EF.OCI, 6F82 EF.ICT
            6F83 EF.OCT, 6FAD EF.AD, 6FB1 EF.VGCS, 6FB2 EF.VGCSS, 6FB3 EF.VBS, 6FB4 EF.VBSS, 6FB5 EF.eMLPP
            6FB6 EF.AaeM, 6FB7 EF.ECC, 6FC3 EF.HiddenKey, 6FC4 EF.NETPAR, 6FC5 EF.PNN, 6FC6 EF.OPL, 6FC7 EF.MBDN
            6FC8 EF.EXT6, 6FC9 EF.MBI, 6FCA EF.MWIS, 6FCB EF.CFIS, 6FCC EF.EXT7, 6FCD EF.SPDI, 6FCE EF.MMSN
            6FCF EF.EXT8, 6FD0 EF.MMSICP, 6FD1 EF.MMSUP, 6FD2 EF.MMSUCP, 6FD3 EF.NIA, 6FD4 EF.VGCSCA
            6FD5 EF.VBSCA, 6FD6 EF.GBABP, 6FD7 EF.MSK, 6FD8 EF.MUK, 6FD9 EF.EHPLMN, 6FDA EF.GBANL
            6FDB EF.EHPLMNPI, 6FDC EF.LRPLMNSI, 6FDD EF.NAFKCA, 6FDE EF.SPNI, 6FDF EF.PNNI, 6FE2 EF.NCP-IP
            6FE3 EF.EPSLOCI, 6FE4 EF.EPSNSC, 6FE6 EF.UFC, 6FE7 EF.UICCIARI, 6FE8 EF.NASCONFIG, 6FEC EF.PWS
            6FED EF.FDNURI, 6FEE EF.BDNURI, 6FEF EF.SDNURI, 6FF0 EF.IWL, 6FF1 EF.IPS, 6FF2 EF.IPD
            6FF3 EF.EPDGID, 6FF4 EF.EPDGSELECTION, 6FF5 EF.EPDGIDEM, 6FF6 EF.ePDGSelectionEm
            6FF7 EF.FromPreferred, 6FF8 EF.IMSConfigData, 6FF9 EF.3GPPPSDataOff
            6FFA EF.3GPPPSDATAOFFservicelist, 6FFC EF.XCAPConfigData, 6FFD EF.EARFCNLIST
            6FFE EF.MuDMiDConfigData
        ADF.USIM/5F3B
            4F20 EF.Kc, 4F52 EF.KcGPRS, 4F63 EF.CPBCCH, 4F64 EF.InvScan
        ADF.USIM/5F40
            4F41 EF.Pseudo, 4F42 EF.UPLMNWLAN, 4F43 EF.OPLMNWLAN, 4F44 EF.UWSIDL, 4F45 EF.OWSIDL, 4F46 EF.WRI
            4F47 EF.HWSIDL, 4F48 EF.WEHPLMNPI, 4F49 EF.WHPI, 4F4A EF.WLRPLMN, 4F4B EF.HPLMNDAI
        ADF.USIM/5F50
            4F81 EF.ACSGL, 4F82 EF.CSGT, 4F83 EF.HNBN, 4F84 EF.OCSGL, 4F85 EF.OCSGT, 4F86 EF.OHNBN
        ADF.USIM/5F70
            4F30 EF.SAI, 4F31 EF.SLL
        ADF.USIM/5FC0
            4F01 EF.5GS3GPPLOCI, 4F02 EF.5GSN3GPPLOCI, 4F03 EF.5GS3GPPNSC, 4F04 EF.5GSN3GPPNSC
            4F05 EF.5GAUTHKEYS, 4F06 EF.UAC_AIC, 4F07 EF.SUCI_Calc_Info, 4F08 EF.OPL5G, 4F09 EF.SUPI_NAI
            4F0A EF.Routing_Indicator, 4F0B EF.URSP, 4F0C EF.TN3GPPSNN, 4F0D EF.CAG, 4F0E EF.SOR_CMCI
            4F0F EF.DRI, 4F10 EF.5GSEDRX, 4F11 EF.5GNSWO_CONF, 4F15 EF.MCHPPLMN, 4F16 EF.KAUSF_DERIVATION
        ADF.USIM/5FD0
            4F01 EF.SUCICalcInfo
        ADF.USIM/5FE0
            4F01 EF.PWS_SNPN
        ADF.USIM/5FF0
            4F01 EF.5G_PROSE_ST, 4F02 EF.5G_PROSE_DD, 4F03 EF.5G_PROSE_DC, 4F04 EF.5G_PROSE_U2NRU
            4F05 EF.5G_PROSE_RU, 4F06 EF.5G_PROSE_UIR
        ADF.ISIM
            6F02 EF.IMPI, 6F03 EF.Domain, 6F04 EF.IMPU, 6F06 EF.ARR, 6F07 EF.IST, 6F09 EF.P-CSCF, 6F3C EF.SMS
            6F42 EF.SMSP, 6F43 EF.SMSS, 6F47 EF.SMSR, 6FAD EF.AD, 6FD5 EF.GBABP, 6FD7 EF.GBANL, 6FDD EF.NAFKCA
            6FE7 EF.UICCIARI, 6FF7 EF.FromPreferred, 6FF8 EF.ImsConfigData, 6FFA EF.WebRTCURI
            6FFC EF.XcapconfigData, 6FFE EF.MuDMiDConfigData
        ADF.CSIM
            6F06 EF.ARR, 6F21 EF.COUNT, 6F22 EF.IMSI_M, 6F23 EF.IMSI_T, 6F24 EF.TMSI, 6F25 EF.AH, 6F26 EF.AOP
            6F27 EF.ALOC, 6F28 EF.CDMAHOME, 6F29 EF.ZNREGI, 6F2A EF.SNREGI, 6F2B EF.DISTREGI, 6F2C EF.ACCOLC
            6F2D EF.TERM, 6F2E EF.SSCI, 6F2F EF.ACP, 6F30 EF.PRL, 6F31 EF.RUIMID, 6F32 EF.CSIM_ST, 6F33 EF.SPC
            6F34 EF.OTAPASPC, 6F35 EF.NAMLOCK, 6F36 EF.OTA, 6F37 EF.SP, 6F38 EF.ESNME, 6F3A EF.LI, 6F3B EF.FDN
            6F3C EF.SMS, 6F3D EF.SMSP, 6F3E EF.SMSS, 6F3F EF.SSFC, 6F41 EF.SPN, 6F42 EF.USGIND, 6F43 EF.AD
            6F44 EF.MDN, 6F45 EF.MAXPRL, 6F46 EF.SPCS, 6F47 EF.ECC, 6F48 EF.ME3GPDOPC, 6F49 EF.3GPDOPM
            6F4A EF.SIPCAP, 6F4B EF.MIPCAP, 6F4C EF.SIPUPP, 6F4D EF.MIPUPP, 6F4E EF.SIPSP, 6F4F EF.MIPSP
            6F50 EF.SIPPAPSS, 6F55 EF.MECRP, 6F56 EF.HRPDCAP, 6F57 EF.HRPDUPP, 6F58 EF.CSSPR, 6F59 EF.ATC
            6F5A EF.EPRL, 6F5E EF.BCSMSP, 6F65 EF.MMSN, 6F66 EF.EXT8, 6F67 EF.MMSICP, 6F68 EF.MMSUP
            6F69 EF.MMSUCP, 6F6B EF.3GCIK, 6F6D EF.GID1, 6F6E EF.GID2, 6F70 EF.HOME_TAG, 6F71 EF.GROUP_TAG
            6F72 EF.SPECIFIC_TAG, 6F73 EF.CALL_PROMPT, 6F74 EF.SF_EUIMID, 6F75 EF.EST, 6F76 EF.HiddenKey
            6F79 EF.SDN, 6F7A EF.EXT2, 6F7B EF.EXT3, 6F7C EF.ICI, 6F7D EF.OCI, 6F7E EF.EXT5, 6F7F EF.CCP2
            6F81 EF.Model
        """
}
