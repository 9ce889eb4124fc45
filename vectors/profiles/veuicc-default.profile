# The profile of a factory-fresh card (`veuicc card new`), as tools/profile-build turns it into veuicc-default.der.
#
# Every identity, code and key in it is a public test value: docs/default-profile.md lists them with their origins.
#
# How to read and change this file
#   A line is one member of the ASN.1 (interoperable profile package, version 2.3) or a short name for it; what stands
#   deeper belongs to the line above. `define NAME value` names a value, $NAME puts it in; `block NAME` names the lines
#   below it, `use NAME` puts them in. # begins a comment.
#
#   A profile element (mf, pukCodes, usim ...) holds its header (identification: unique, any order) and, if it makes
#   files, the OID of its file template and then the files. A file that is named without more has what the template
#   says; files of the templates for MF, ADF.USIM and ADF.ISIM exist even when they are not named.
#   fcp            what differs from the template:
#     type=        TR transparent, LF:n linear fixed with records of n, CY:n cyclic, BT BER-TLV, DF
#     fid= aid=    file identifier (of an ADF: only while installing, for paths), AID of an ADF
#     size=        octets of the whole file; for records a multiple of the record length
#     sfi=         short file identifier in hex, or none
#     arr=         access rule: EF.ARR and its record number, as in 6F06/2
#     pins=        key references of the PIN status template: 01 first, some terminals look at the first bit only
#     special=     special file information: 80 high update activity, 40 readable when deactivated
#     fill= repeat=  initial content of each record or file: last octet repeated, or the whole pattern repeated
#     link=        the file is another name of the file at this path
#   content        octets at the pointer;  skip n  moves the pointer
#   record         octets of the next record, left as the initial content says behind their end
#   rule           an access rule as the next record (for EF.ARR): mode,mode=condition ...
#                  modes read update deactivate activate terminate delete; for DFs create-ef create-df delete-child
#                  delete; the commands increase and resize; conditions always never PIN1 PIN2 ADM1
#   select create  in genericFileManagement: path from the MF, FCP of a new file there
#   Octets are written in hex, as "text" (ASCII = GSM 7-bit default alphabet for letters and digits), FF*9,
#   tlv(tag, octets), bcd(digits), bcdluhn(digits without check digit), luhn(ditto, not swapped), imsi(digits),
#   plmn(mcc, mnc), services(octets, n, n ...), name("network name"); what stands side by side is joined.

# --- identities -------------------------------------------------------------------------------------------------------

define ICCID 8999901000000000001                # 89 telecom, 999 no country's code, 01 test issuer; check digit computed
define IMSI 001010000000001                     # test network 001/01
define NETWORK 001, 01
define USIM A0000000871002F999FFFF8900000100
define ISIM A0000000871004F999FFFF8900000100
define HOME "ims.mnc001.mcc001.3gppnetwork.org"  # TS 23.003 13.2

# --- codes and keys ---------------------------------------------------------------------------------------------------

define PIN1 "0000"+FF*4
define PIN2 "9999"+FF*4
define PUK1 "11111111"
define PUK2 "22222222"
define ADM1 "55555555"
define K   465B5CE8B199B49FAA5F0A2EE238A6BC      # TS 35.208 4.3.1 (test set 1)
define OPC CD63CB71954A9F4E48A5994E37A02BAF      # ditto
# Home network public keys for SUCI, TS 33.501 C.4.3 (profile A, X25519) and C.4.4 (profile B, P-256 compressed)
define HN_A 5A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650
define HN_B 0272DA71976234CE833A6907425867B82E074D44EF907DFB4B3E21C1C2256EBCD1

# --- access rules -----------------------------------------------------------------------------------------------------

# The file templates refer to these fourteen records by number (clause 9.9), in each EF.ARR: of the MF, of DF.TELECOM,
# of each ADF. They are the clause's rules, and let ADM1 resize besides.
block RULES
    rule read=always update=PIN1 deactivate,activate,delete,resize=ADM1
    rule read=PIN1 update,deactivate,activate,delete,resize=ADM1
    rule read,update,deactivate,activate,delete,resize=ADM1
    rule read=always update,deactivate,activate=never delete=ADM1
    rule read,update=PIN1 deactivate,activate,delete,resize=ADM1
    rule read,activate=PIN1 update,deactivate,delete,resize=ADM1
    rule read,update=PIN1 deactivate,activate,delete=ADM1 increase=PIN1
    rule read=PIN1 update=PIN2 deactivate,activate,delete,resize=ADM1
    rule read=always update,deactivate,activate=PIN1 delete,resize=ADM1
    rule read=always update,deactivate,activate,delete,resize=ADM1
    rule read=always deactivate,activate=ADM1 update,delete=never
    rule read=PIN1 update,deactivate,activate,delete=never
    rule read,update,activate=PIN1 deactivate,delete,resize=ADM1
    rule create-ef,create-df,deactivate,activate,delete,resize=ADM1

header
    major-version 2
    minor-version 3
    profileType "veuicc default profile"
    iccid luhn($ICCID)
    eUICC-Mandatory-services usim isim milenage get-identity profile-a-x25519 profile-b-p256
    eUICC-Mandatory-GFSTEList
        oid 2.23.143.1.2.1
        oid 2.23.143.1.2.3
        oid 2.23.143.1.2.4
        oid 2.23.143.1.2.5
        oid 2.23.143.1.2.7
        oid 2.23.143.1.2.8
        oid 2.23.143.1.2.9
        oid 2.23.143.1.2.13
        oid 2.23.143.1.2.14

# --- MF ---------------------------------------------------------------------------------------------------------------

mf
    mf-header mandated identification=1
    templateID 2.23.143.1.2.1
    mf
        fcp pins=01,0A
    ef-pl
        content "en"
    ef-iccid
        fcp sfi=02
        content bcdluhn($ICCID)
    ef-dir
        fcp type=LF:38 size=152
        record tlv(61, tlv(4F, $USIM) tlv(50, "USIM"))
        record tlv(61, tlv(4F, $ISIM) tlv(50, "ISIM"))
    ef-arr
        fcp type=LF:48 size=672 sfi=06
        use RULES
    ef-umpc
        content 3C 3C 02 0000           # 60 mA, start-up within the usual time, SUSPEND UICC is supported

pukCodes
    puk-Header mandated identification=2
    pukCodes
        PUKConfiguration keyReference=0x01 pukValue=$PUK1
        PUKConfiguration keyReference=0x81 pukValue=$PUK2

# pinAttributes: 1 enabled, 2 may be changed, 4 may be disabled and enabled. PIN1 begins disabled.
pinCodes
    pin-Header mandated identification=3
    pinCodes
        pinconfig
            PINConfiguration keyReference=0x01 pinValue=$PIN1 unblockingPINReference=0x01 pinAttributes=6
            PINConfiguration keyReference=0x0A pinValue=$ADM1 pinAttributes=3 maxNumOfAttemps-retryNumLeft=0xAA

# --- DF.TELECOM -------------------------------------------------------------------------------------------------------

telecom
    telecom-header mandated identification=4
    templateID 2.23.143.1.2.3
    df-telecom
        fcp pins=01,0A
    ef-arr
        fcp type=LF:48 size=672 sfi=06
        use RULES
    # The phonebook: 50 entries of a name (14) and a number, each with a unique identifier and a control octet pair.
    df-phonebook
        fcp pins=01,0A
    ef-pbr
        fcp type=LF:48 size=48
        # A8: one record each per entry (C0 ADN, C5 PBC, C9 UID); AA: pointed at from the entry (C2 EXT1)
        record tlv(A8, tlv(C0, 4F58 04) tlv(C5, 4F60 05) tlv(C9, 4F88 06)) tlv(AA, tlv(C2, 4F38 07))
    ef-ext1
        fcp fid=4F38 size=130 sfi=07
    ef-psc
        fcp sfi=01
    ef-cc
        fcp sfi=02
    ef-puid
        fcp sfi=03
    ef-adn
        fcp type=LF:28 fid=4F58 size=1400 sfi=04
    ef-pbc
        fcp fid=4F60 size=100 sfi=05
    ef-uid
        fcp fid=4F88 size=100 sfi=06 repeat=00

# --- ADF.USIM ---------------------------------------------------------------------------------------------------------

usim
    usim-header mandated identification=5
    templateID 2.23.143.1.2.4
    adf-usim
        fcp fid=7FD0 aid=$USIM pins=01,81,0A
    ef-imsi
        content imsi($IMSI)
    ef-arr
        fcp type=LF:48 size=672
        use RULES
    ef-keys
    ef-keysPS
    ef-hpplmn
    # 2 FDN 3 EXT2 4 SDN 5 EXT3 8 OCI/OCT 9 ICI/ICT 10 SMS 11 SMSR 12 SMSP 13 AoC 15 CBMI 16 CBMIR 17 GID1 18 GID2
    # 19 SPN 20 PLMNwAcT 21 MSISDN 27 GSM access 28 SMS-PP download 29 CBMID 33 always 34 EST 38 GSM security context
    # 42 OPLMNwAcT 43 HPLMNwAcT 44 EXT5 45 PNN 46 OPL 47 MBDN 48 MWIS 49 CFIS 51 SPDI 71 EHPLMN 73 EHPLMNPI
    # 74 LRPLMNSI 85 EPSLOCI, EPSNSC 122 5GSLOCI 123 5GSNSC, 5GAUTHKEYS 124 SUCI 125 SUCI by the USIM 126 UAC_AIC
    # 129 OPL5G
    ef-ust
        fcp size=17
        content services(17, 2,3,4,5,8,9,10,11,12,13,15,16,17,18,19,20,21,27,28,29,33,34,38,42,43,44,45,46,47,48,49,51,71,73,74,85,122,123,124,125,126,129)
    ef-fdn
        fcp type=LF:28 size=280
    ef-sms
    ef-smsp
        fcp type=LF:42 size=84
        record FF*14 FD FF*12 07 91 bcd(12065550199) FF*4 FF FF FF      # the service centre only
    ef-smss
    ef-spn
        content 01 "veuicc" FF*10       # the registered PLMN is shown too
    ef-est
        content 00                      # FDN, BDN and ACL not enabled
    ef-start-hfn
    ef-threshold
    ef-psloci
        content FF*7 plmn($NETWORK) FFFE FF 01
    ef-acc
        content 0002                    # class 1, the last digit of the IMSI
    ef-fplmn
    ef-loci
        content FF*4 plmn($NETWORK) FFFE FF 01
    ef-ad                               # normal operation, MNC of two digits
    ef-ecc
        fcp type=LF:14 size=28
        record bcd(112) FF "Emergency" FF 00
        record bcd(911) FF "Emergency" FF 00
    ef-netpar
    ef-epsloci
        content FF*12 plmn($NETWORK) 0000 01
    ef-epsnsc
        fcp type=LF:54 size=54

opt-usim
    optusim-header mandated identification=6
    templateID 2.23.143.1.2.5
    ef-li
        content "en"
    ef-acmax
    ef-acm
        fcp type=CY:3 size=15 sfi=1C
    ef-gid1
        content FF*8
    ef-gid2
        content FF*8
    ef-msisdn
        fcp type=LF:28 size=56
        record "veuicc" FF*8 07 91 bcd(12065550100) FF*4 FF FF      # +1 206 555 0100, kept for fiction
    ef-puct
    ef-cbmi
    ef-cbmid
    ef-sdn
        fcp type=LF:28 size=56
    ef-ext2
        fcp size=39
    ef-ext3
        fcp size=39
    ef-cbmir
    ef-plmnwact
    ef-oplmnwact
        content plmn($NETWORK) C880 FFFFFF 0000 FFFFFF 0000 FFFFFF 0000 FFFFFF 0000 FFFFFF 0000 FFFFFF 0000 FFFFFF 0000
    ef-hplmnwact
        fcp size=20
        content plmn($NETWORK) 0800 plmn($NETWORK) 4000 plmn($NETWORK) 8000 plmn($NETWORK) 0080     # 5G, 4G, 3G, 2G
    ef-smsr
    ef-ext5
        fcp size=39
    ef-ici
        fcp type=CY:42 size=210
    ef-oci
        fcp type=CY:41 size=205
    ef-ict
    ef-oct
    ef-pnn
        fcp type=LF:24 size=48
        record tlv(43, name("veuicc test")) tlv(45, name("veuicc"))
    ef-opl
        fcp type=LF:8 size=16
        record plmn($NETWORK) 0000 FFFE 01      # every area of the test network: first record of EF.PNN
    ef-mbdn
        fcp type=LF:28 size=28
        content FF*28
    ef-ext6
        fcp size=39
    ef-mbi
        fcp size=5
        content 00*5
    ef-mwis
        fcp size=6
    ef-cfis
        fcp size=16
    ef-ext7
        fcp size=39
    ef-spdi
        content tlv(A3, tlv(80, plmn($NETWORK))) FF*10
    ef-ehplmn
        content plmn($NETWORK)
    ef-ehplmnpi
    ef-lrplmnsi

# PIN2 is the USIM's own: its context is the ADF made by the last element that made one.
pinCodes
    pin-Header mandated identification=7
    pinCodes
        pinconfig
            PINConfiguration keyReference=0x81 pinValue=$PIN2 unblockingPINReference=0x81 pinAttributes=3

akaParameter
    aka-header mandated identification=8
    algoConfiguration
        algoParameter
            algorithmID 1                       # MILENAGE
            algorithmOptions 00
            key $K
            opc $OPC

gsm-access
    gsm-access-header mandated identification=9
    templateID 2.23.143.1.2.7
    df-gsm-access
        fcp pins=01,81,0A
    ef-kc
    ef-kcgprs

df-5gs
    df-5gs-header mandated identification=10
    templateID 2.23.143.1.2.13
    df-df-5gs
        fcp pins=01,81,0A
    ef-5gs3gpploci
        content FF*13 plmn($NETWORK) 000000 01
    ef-5gsn3gpploci
        content FF*13 plmn($NETWORK) 000000 01
    ef-5gs3gppnsc
    ef-5gsn3gppnsc
    ef-5gauthkeys
        content FF*110
    ef-uac-aic
        content 00*4
    # For the terminal the null scheme only: the USIM itself conceals (service 125), with the keys in DF.SAIP.
    ef-suci-calc-info
        fcp size=16
        content tlv(A0, 00 00)
    ef-opl5g
        fcp type=LF:10 size=20
        record plmn($NETWORK) 000000 FFFFFE 01
    ef-routing-indicator                        # "0"

df-saip
    df-saip-header mandated identification=11
    templateID 2.23.143.1.2.14
    df-df-saip
        fcp pins=01,81,0A
    # Priorities: profile A with key 1, profile B with key 2, null scheme. Key identifiers 27 and 28.
    ef-suci-calc-info-usim
        fcp size=100
        content tlv(A0, 01 01 02 02 00 00) tlv(A1, tlv(80, 1B) tlv(81, $HN_A) tlv(80, 1C) tlv(81, $HN_B))

# --- ADF.ISIM ---------------------------------------------------------------------------------------------------------

isim
    isim-header mandated identification=12
    templateID 2.23.143.1.2.8
    adf-isim
        fcp fid=7FB0 aid=$ISIM pins=01,0A
    ef-impi
        fcp size=64
        content tlv(80, "$IMSI@" $HOME)
    ef-impu
        fcp type=LF:80 size=160
        record tlv(80, "sip:$IMSI@" $HOME)
        record tlv(80, "tel:+12065550100")
    ef-domain
        fcp size=48
        content tlv(80, $HOME)
    ef-ist
        content services(14, 1)                 # P-CSCF address
    ef-ad
    ef-arr
        fcp type=LF:48 size=672
        use RULES

opt-isim
    optisim-header mandated identification=13
    templateID 2.23.143.1.2.9
    ef-pcscf
        fcp type=LF:64 size=128
        record tlv(80, 00 "pcscf." $HOME)       # 00: a fully qualified domain name

# The ISIM authenticates with the USIM's algorithm, keys and sequence numbers.
akaParameter
    aka-header mandated identification=14
    algoConfiguration
        mappingParameter mappingOptions=06 mappingSource=$USIM

# --- EFs of the USIM and the phonebook by their old names in DF.TELECOM (TS 31.102 4.4) --------------------------------

genericFileManagement
    gfm-header mandated identification=15
    fileManagementCMD
        commands
            select 7F10
            create type=LF:28 fid=6F3A arr=6F06/5 sfi=none link=7F105F3A4F58      # EF.ADN
            create type=LF:13 fid=6F4A arr=6F06/5 sfi=none link=7F105F3A4F38      # EF.EXT1
            create type=LF:176 fid=6F3C arr=6F06/5 sfi=none link=7FD06F3C         # EF.SMS
            create type=LF:28 fid=6F40 arr=6F06/2 sfi=none link=7FD06F40          # EF.MSISDN
            create type=LF:42 fid=6F42 arr=6F06/5 sfi=none link=7FD06F42          # EF.SMSP
            create type=TR fid=6F43 arr=6F06/5 sfi=none link=7FD06F43             # EF.SMSS

end
    end-header mandated identification=16
