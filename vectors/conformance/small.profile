# The card that most transcripts of this folder start from: a few files of each structure, PIN1 enabled, ADM1.
#
# tools/profile-build vectors/conformance/small.profile builds small.der. The head of
# vectors/profiles/veuicc-default.profile explains the form. Every value is a public test value.

define USIM A0000000871002FF49FF0589

# The records of EF.ARR of the USIM, as the file templates refer to them.
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
    profileType "veuicc conformance"
    iccid 98001032547698103214
    eUICC-Mandatory-services usim
    eUICC-Mandatory-GFSTEList
        oid 2.23.143.1.2.1
        oid 2.23.143.1.2.4

mf
    mf-header mandated identification=1
    templateID 2.23.143.1.2.1
    mf
        fcp pins=01,0A arr=2F06/1
    ef-pl
        fcp size=6 arr=2F06/3 sfi=05
        content FF*6
    ef-iccid
        fcp sfi=02 arr=2F06/2
        content 98001032547698103214
    ef-dir
        fcp type=LF:38 size=76 arr=2F06/2
        record tlv(61, tlv(4F, $USIM) tlv(50, "USIM"))
    # 1 the MF, 2 read always, update ADM1, 3 PIN1, 4 PIN1 with INCREASE, 5 all of them never, 6 PIN2 updates
    ef-arr
        fcp type=LF:48 size=288 sfi=06 arr=2F06/2
        rule create-ef,create-df,delete-child,activate,deactivate,terminate,delete=ADM1
        rule read=always update,deactivate,activate,delete=ADM1
        rule read,update=PIN1
        rule read,update,increase=PIN1
        rule read,update,deactivate,activate,delete=never
        rule read=PIN1 update=PIN2
    ef-umpc
        fcp arr=2F06/2
        content 3C 3C 02 0000

pukCodes
    puk-Header mandated identification=2
    pukCodes
        PUKConfiguration keyReference=0x01 pukValue="11111111"
        PUKConfiguration keyReference=0x81 pukValue="22222222"

# pinAttributes: 1 enabled, 2 may be changed, 4 may be disabled and enabled.
pinCodes
    pin-Header mandated identification=3
    pinCodes
        pinconfig
            PINConfiguration keyReference=0x01 pinValue="0000"+FF*4 unblockingPINReference=0x01
            PINConfiguration keyReference=0x0A pinValue="55555555" pinAttributes=3 maxNumOfAttemps-retryNumLeft=0xAA

usim
    usim-header mandated identification=4
    templateID 2.23.143.1.2.4
    adf-usim
        fcp fid=7FD0 aid=$USIM pins=01,81,0A arr=2F06/1
    ef-imsi
        fcp arr=2F06/3
        content 080910101032547698
    ef-arr
        fcp type=LF:48 size=672 arr=2F06/2
        use RULES
    ef-keys
    ef-keysPS
    ef-hpplmn
    ef-ust
        fcp size=17
        content 00*17
    ef-fdn
        fcp type=LF:28 size=28
    ef-sms
        fcp type=LF:176 size=176
    ef-smsp
        fcp type=LF:28 size=28
    ef-smss
    ef-spn
    ef-est
    ef-start-hfn
    ef-threshold
    ef-psloci
    ef-acc
        fcp arr=2F06/6
    ef-fplmn
    ef-loci
    ef-ad
    ef-ecc
        fcp type=LF:4 size=4
    ef-netpar
    ef-epsloci
    ef-epsnsc
        fcp type=LF:54 size=54

pinCodes
    pin-Header mandated identification=5
    pinCodes
        pinconfig
            PINConfiguration keyReference=0x81 pinValue="9999"+FF*4 unblockingPINReference=0x81 pinAttributes=3

# 2F10 cyclic, 2F11 linear fixed (SFI 01), 2F12 BER-TLV
genericFileManagement
    gfm-header mandated identification=6
    fileManagementCMD
        commands
            select ""
            create type=CY:3 fid=2F10 size=9 arr=2F06/4 sfi=none
            content 000003 000002 000001
            create type=LF:5 fid=2F11 size=20 arr=2F06/2 sfi=01
            content 0102030405 0203040506 FF*5 0302030405
            create type=BT fid=2F12 size=600 arr=2F06/3 sfi=none

end
    end-header mandated identification=7
