/// TERMINAL PROFILE: TS 102 223 clause 5.2, TS 31.111 clause 5.2.
enum TerminalProfile {
    /// A field for each octet of which a bit is set.
    static func fields(_ octets: [UInt8]) -> [TraceField] {
        octets.enumerated().compactMap { index, octet in
            guard octet != 0 else { return nil }
            let names = index < table.count ? table[index] : []
            return TraceField("octet \(index + 1)", text(octet, names))
        }
    }

    private static func text(_ octet: UInt8, _ names: [String]) -> String {
        var rest = octet
        var words: [String] = []
        for (bit, name) in names.enumerated() where bit < 8 && !name.isEmpty {
            // The name of a number is at its lowest bit, and ends with its width.
            if let open = name.lastIndex(of: "#"), let width = Int(name[name.index(after: open)...]) {
                let mask = UInt8((1 << width) - 1)
                let value = octet >> UInt8(bit) & mask
                if value != 0 { words.append("\(name[..<open]) \(value)") }
                rest &= ~(mask << UInt8(bit))
            } else if octet >> UInt8(bit) & 1 == 1 {
                words.append(name)
                rest &= ~(1 << UInt8(bit))
            }
        }
        if rest != 0 { words.append(bitNames(rest, [])) }
        return words.joined(separator: ", ")
    }

    private static let table: [[String]] = text.split(separator: "\n").map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).map { item in
            let start = item.firstIndex { $0 != " " } ?? item.endIndex
            return String(item[start...])
        }
    }

    /// A line for each octet, the lowest bit first.
    private static let text = """
        profile download,SMS-PP download,CB download,menu selection,SMS-PP download errors,timer expiration,\
        USSD in call control,call control
        command result,call control by NAA,call control with cell identity,MO-SMS control,\
        alpha identifier in call control,UCS2 entry,UCS2 display,extension text
        DISPLAY TEXT,GET INKEY,GET INPUT,MORE TIME,PLAY TONE,POLL INTERVAL,POLLING OFF,REFRESH
        SELECT ITEM,SEND SHORT MESSAGE,SEND SS,SEND USSD,SET UP CALL,SET UP MENU,PROVIDE LOCAL INFORMATION,PLI (NMR)
        SET UP EVENT LIST,event MT call,event call connected,event call disconnected,event location status,\
        event user activity,event idle screen,event card reader status
        event language selection,event browser termination,event data available,event channel status,\
        event access technology,event display parameters,event local connection,event search mode
        POWER ON CARD,POWER OFF CARD,PERFORM CARD APDU,GET READER STATUS,GET READER STATUS (identifier),card readers#3
        TIMER MANAGEMENT,TIMER MANAGEMENT (get value),PLI (date and time),GET INKEY (binary),\
        SET UP IDLE MODE TEXT,RUN AT COMMAND,second alpha identifier,second capability configuration
        sustained DISPLAY TEXT,SEND DTMF,PLI (NMR with BCCH),PLI (language),PLI (timing advance),\
        LANGUAGE NOTIFICATION,LAUNCH BROWSER,PLI (access technology)
        soft keys for SELECT ITEM,soft keys for SET UP MENU
        soft keys#8
        OPEN CHANNEL,CLOSE CHANNEL,RECEIVE DATA,SEND DATA,GET CHANNEL STATUS,SERVICE SEARCH,\
        GET SERVICE INFORMATION,DECLARE SERVICE
        CSD,GPRS,Bluetooth,IrDA,RS232,channels#3
        characters down#5,,,,,no display,no keypad,screen sizing
        characters across#7,,,,,,,variable size fonts
        display can be resized,text wrapping,text scrolling,text attributes,,width reduction in a menu#3
        TCP client remote,UDP client remote,TCP server,TCP client local,UDP client local,direct communication,\
        E-UTRAN,HSDPA
        DISPLAY TEXT (time-out),GET INKEY (help),USB,GET INKEY (time-out),PLI (ESN),call control on GPRS,\
        PLI (IMEISV),PLI (search mode)
        TIA/EIA-136-C#4
        TIA/EIA/IS-820-A#8
        WML,XHTML,HTML,CHTML
        UTRAN PS with extended parameters,PLI (battery),PLAY TONE (melodies),multimedia calls,\
        toolkit-initiated GBA,RETRIEVE MULTIMEDIA MESSAGE,SUBMIT MULTIMEDIA MESSAGE,DISPLAY MULTIMEDIA MESSAGE
        SET FRAMES,GET FRAMES STATUS,MMS notification download,alpha identifier in REFRESH,\
        geographical location reporting,PLI (MEID),PLI (NMR of UTRAN or E-UTRAN),USSD download
        frames#4
        event browsing status,event MMS transfer,event frame information,event I-WLAN access,\
        event network rejection,event HCI connectivity,event network rejection (E-UTRAN),\
        several access technologies
        event CSG cell selection,event contactless state request
        event extensions#8
        align left,align centre,align right,normal font,large font,small font
        normal style,bold,italic,underlined,strikethrough,foreground colour,background colour
        I-WLAN,PLI (WSID),terminal applications,REFRESH (steering of roaming),ACTIVATE,\
        geographical location request,PLI (broadcast network),REFRESH (steering for I-WLAN)
        contactless state changed,CSG cell discovery,confirmation parameters of OPEN CHANNEL,\
        communication control for IMS,CAT over the modem interface,event incoming IMS data,\
        event IMS registration,containers
        IMS,PLI (H(e)NB IP address),PLI (H(e)NB macrocells),launch parameters of OPEN CHANNEL,\
        direct channel of OPEN CHANNEL,,CAT service list,refresh enforcement policy
        DNS server address,network access name reuse,event poll interval negotiation
        """
}
