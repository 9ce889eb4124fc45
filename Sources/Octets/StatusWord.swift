/// The two octets SW1 SW2 that end every response APDU.
///
/// Card-side functions throw it: what the interface calls an error is a value, not a failure of the program.
/// Names and values: ISO/IEC 7816-4 table 6, TS 102 221 clause 10.2.
public struct StatusWord: Error, Equatable, Hashable, Sendable {
    /// SW1 in the high octet, SW2 in the low one.
    public let value: UInt16

    /// Makes a status word from its two octets, written as one number: `StatusWord(0x6A82)`.
    public init(_ value: UInt16) {
        self.value = value
    }

    /// SW1.
    public var sw1: UInt8 { UInt8(truncatingIfNeeded: value >> 8) }

    /// SW2.
    public var sw2: UInt8 { UInt8(truncatingIfNeeded: value) }
}

// TS 102 221 10.2.1.1, .2: normal processing, postponed processing
extension StatusWord {
    /// 9000: normal ending of the command.
    public static let success = StatusWord(0x9000)

    /// 91XX: normal ending of the command; a proactive command of `length` octets waits for FETCH.
    public static func proactiveCommand(_ length: UInt8) -> StatusWord {
        StatusWord(0x9100 | UInt16(length))
    }

    /// 61XX: `count` octets of response data wait for GET RESPONSE; 00 means 256 or more.
    public static func responseAvailable(_ count: Int) -> StatusWord {
        StatusWord(0x6100 | (count >= 256 ? 0 : UInt16(truncatingIfNeeded: count)))
    }
}

// TS 102 221 10.2.1.3: warnings
extension StatusWord {
    /// Whether it is a warning, 62XX or 63XX.
    public var isWarning: Bool { sw1 == 0x62 || sw1 == 0x63 }

    /// 6282: end of file or record reached before Le octets were read, or unsuccessful search.
    public static let endOfFile = StatusWord(0x6282)
    /// 6310: more status data available (GPCS table 11-37).
    public static let moreStatusAvailable = StatusWord(0x6310)
    /// 6283: the selected file is deactivated.
    public static let selectedFileDeactivated = StatusWord(0x6283)
    /// 6285: the selected file is in termination state.
    public static let selectedFileTerminated = StatusWord(0x6285)
    /// 62F1: more data available (RETRIEVE DATA).
    public static let moreDataAvailable = StatusWord(0x62F1)
    /// 62F2: more data available, and a proactive command waits (RETRIEVE DATA).
    public static let moreDataAvailableAndProactiveCommand = StatusWord(0x62F2)
    /// 62F3: response data wait for GET RESPONSE, with a status word of their own (RETRIEVE DATA).
    public static let responseDataAvailable = StatusWord(0x62F3)
    /// 63F1: more data expected (SET DATA).
    public static let moreDataExpected = StatusWord(0x63F1)
    /// 63F2: more data expected, and a proactive command waits (SET DATA).
    public static let moreDataExpectedAndProactiveCommand = StatusWord(0x63F2)

    /// 63CX: verification failed or not attempted; `tries` (0 to 15) remain.
    public static func triesRemaining(_ tries: UInt8) -> StatusWord {
        StatusWord(0x63C0 | UInt16(tries & 0x0F))
    }
}

// TS 102 221 10.2.1.4: execution errors
extension StatusWord {
    /// 6400: no information given, state of the memory unchanged.
    public static let executionError = StatusWord(0x6400)
    /// 6581: memory problem.
    public static let memoryProblem = StatusWord(0x6581)
}

// TS 102 221 10.2.1.5: checking errors
extension StatusWord {
    /// 6700: wrong length.
    public static let wrongLength = StatusWord(0x6700)
    /// 6881: logical channel not supported (or not open).
    public static let logicalChannelNotSupported = StatusWord(0x6881)
    /// 6882: secure messaging not supported.
    public static let secureMessagingNotSupported = StatusWord(0x6882)
    /// 6883: last command of the chain expected (ISO/IEC 7816-4).
    public static let lastCommandOfChainExpected = StatusWord(0x6883)
    /// 6884: command chaining not supported (ISO/IEC 7816-4).
    public static let commandChainingNotSupported = StatusWord(0x6884)
    /// 6981: command incompatible with the file structure.
    public static let incompatibleFileStructure = StatusWord(0x6981)
    /// 6982: security status not satisfied.
    public static let securityStatusNotSatisfied = StatusWord(0x6982)
    /// 6983: authentication or PIN method blocked.
    public static let authenticationMethodBlocked = StatusWord(0x6983)
    /// 6984: referenced data invalidated.
    public static let referencedDataInvalidated = StatusWord(0x6984)
    /// 6985: conditions of use not satisfied.
    public static let conditionsNotSatisfied = StatusWord(0x6985)
    /// 6986: command not allowed, no EF selected.
    public static let noEFSelected = StatusWord(0x6986)
    /// 6A80: incorrect parameters in the data field.
    public static let incorrectData = StatusWord(0x6A80)
    /// 6A81: function not supported.
    public static let functionNotSupported = StatusWord(0x6A81)
    /// 6A82: file not found.
    public static let fileNotFound = StatusWord(0x6A82)
    /// 6A83: record not found.
    public static let recordNotFound = StatusWord(0x6A83)
    /// 6A84: not enough memory space.
    public static let notEnoughMemory = StatusWord(0x6A84)
    /// 6A86: incorrect parameters P1 to P2.
    public static let incorrectP1P2 = StatusWord(0x6A86)
    /// 6A87: Lc inconsistent with P1 to P2.
    public static let lcInconsistentWithP1P2 = StatusWord(0x6A87)
    /// 6A88: referenced data not found.
    public static let referencedDataNotFound = StatusWord(0x6A88)
    /// 6A89: the file exists already (TS 102 222).
    public static let fileExists = StatusWord(0x6A89)
    /// 6A8A: the DF name exists already (TS 102 222).
    public static let dfNameExists = StatusWord(0x6A8A)
    /// 6B00: wrong parameters P1 to P2 (offset outside the EF).
    public static let wrongP1P2 = StatusWord(0x6B00)
    /// 6D00: instruction code not supported or invalid.
    public static let instructionNotSupported = StatusWord(0x6D00)
    /// 6E00: class not supported.
    public static let classNotSupported = StatusWord(0x6E00)
    /// 6F00: technical problem, no precise diagnosis.
    public static let technicalProblem = StatusWord(0x6F00)
    /// 9850: INCREASE cannot be performed, maximum value reached (TS 102 221 10.2.1.6).
    public static let maximumValueReached = StatusWord(0x9850)

    /// 9864: the minimum duration of the suspension is too long (TS 102 221 clause 11.1.22).
    public static let minimumSuspensionTooLong = StatusWord(0x9864)

    /// 6CXX: wrong Le; `count` octets are available, 00 means 256.
    public static func wrongLe(_ count: Int) -> StatusWord {
        StatusWord(0x6C00 | UInt16(truncatingIfNeeded: count & 0xFF))
    }
}

extension StatusWord: CustomStringConvertible {
    /// Four hexadecimal digits: `6A82`.
    public var description: String { Hex.string(value) }
}
