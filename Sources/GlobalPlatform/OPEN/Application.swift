import CardOS
import Memory
import Octets

/// A program of the card's firmware, of which applications are instances: what OPEN calls.
///
/// An instance has a registry entry; what it keeps over a power-off is what that entry names, and objects that it owns.
/// A bytecode machine for load files is to stand behind the same functions.
public protocol Application {
    /// Makes what a new instance keeps. Its entry exists, INSTALLED.
    ///
    /// - Parameter parameters: the application specific ones (C9).
    /// - Throws: 6A80 for parameters that it does not take; 6A84 where memory is short.
    static func install(
        _ instance: ObjectReference,
        parameters: OctetView,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord)

    /// Answers SELECT by name. The instance is not yet the selected one: it becomes so unless this throws.
    static func select(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord

    /// Another application has been selected on a channel, or the channel is closed.
    static func deselect(_ instance: ObjectReference, on channel: Int, _ open: inout OPEN, _ card: inout UICC)

    /// Executes a command while it is selected; STORE DATA also while it is being personalized.
    static func process(_ call: Call, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord) -> StatusWord

    /// Frees what an instance keeps beside its data object; its entry is about to go.
    ///
    /// - Throws: 6985 where it cannot go.
    static func delete(_ instance: RegistryEntry, _ open: inout OPEN, _ card: inout UICC) throws(StatusWord)

    /// Whether SET STATUS can bring an instance into a state of its own: GPCS clause 5.3.
    static func accepts(_ state: LifeCycleState) -> Bool
}

extension Application {
    /// Nothing to do.
    public static func deselect(_ instance: ObjectReference, on channel: Int, _ open: inout OPEN, _ card: inout UICC) {}

    /// Nothing to free.
    public static func delete(
        _ instance: RegistryEntry,
        _ open: inout OPEN,
        _ card: inout UICC
    ) throws(StatusWord) {}

    /// No state of its own.
    public static func accepts(_ state: LifeCycleState) -> Bool { false }
}

/// A command for an instance of an application.
public struct Call {
    /// The registry entry of the instance.
    public let instance: RegistryEntry
    /// The command, in the clear.
    public let command: CommandAPDU
    /// How it came: the level of the secure channel session that it belongs to.
    public let level: SecurityLevel

    /// The logical channel.
    public var channel: Int { command.classOctet.channel }
}

/// A module of the card's firmware: the row of a table.
///
/// A class, so that a look-up hands on one reference and not all functions of the row.
public final class NativeModule {
    /// What the card runs.
    let program: Program
    /// The AID of the executable load file; empty where its applications come with a profile.
    let loadFile: [UInt8]
    /// The AID of the module.
    let module: [UInt8]
    let install: (ObjectReference, OctetView, inout OPEN, inout UICC) throws(StatusWord) -> Void
    let select: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    let deselect: (ObjectReference, Int, inout OPEN, inout UICC) -> Void
    let process: (Call, inout OPEN, inout UICC) throws(StatusWord) -> StatusWord
    let delete: (RegistryEntry, inout OPEN, inout UICC) throws(StatusWord) -> Void
    let accepts: (LifeCycleState) -> Bool

    /// The module that runs `application`.
    init<Program: Application>(
        _ program: GlobalPlatform.Program,
        loadFile: [UInt8],
        module: [UInt8],
        _ application: Program.Type
    ) {
        self.program = program
        self.loadFile = loadFile
        self.module = module
        install = { (instance, parameters, open, card) throws(StatusWord) in
            try Program.install(instance, parameters: parameters, &open, &card)
        }
        select = { (call, open, card) throws(StatusWord) in try Program.select(call, &open, &card) }
        deselect = { (instance, channel, open, card) in Program.deselect(instance, on: channel, &open, &card) }
        process = { (call, open, card) throws(StatusWord) in try Program.process(call, &open, &card) }
        delete = { (instance, open, card) throws(StatusWord) in try Program.delete(instance, &open, &card) }
        accepts = Program.accepts
    }
}

extension NativeModule {
    /// The version of the load files of the firmware: major and minor number.
    static let version: UInt16 = 0x0100

    /// The modules of the firmware. A program's number is its place: `Program`.
    nonisolated(unsafe) static let all: [NativeModule] = [
        NativeModule(
            .securityDomain,
            loadFile: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50],
            module: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41],
            SecurityDomain.self
        ),
        NativeModule(.networkAccess, loadFile: [], module: [], NetworkAccess.self),
        NativeModule(
            .accessRules,
            loadFile: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C],
            module: [0xA0, 0x00, 0x00, 0x01, 0x51, 0x41, 0x43, 0x4C, 0x00],
            AccessRuleMaster.self
        ),
        NativeModule(.remoteFileManagement, loadFile: [], module: [], RemoteFileManagement.self),
    ]

    /// The module of a program; nil where the card has none.
    static func of(_ program: Program) -> NativeModule? {
        let index = Int(program.rawValue) - 1
        return all.indices.contains(index) ? all[index] : nil
    }
}
