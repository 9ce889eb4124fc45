import Memory
import Octets

/// Finds the entries of the registry: an index in RAM over the registry entries of the image, made at power-on and after
/// each change.
///
/// It holds page numbers only, in the order of the AIDs, which is that of partial selection and of lists; a whole AID is
/// found by its hash. So neither depends on how many entries there are.
struct Registry: ~Copyable {
    private static let emptySlot: UInt32 = .max

    /// All entries, in the order of their AIDs.
    private(set) var entries: [ObjectReference] = []
    /// The issuer security domain; nil for a card without GlobalPlatform.
    private(set) var issuer: ObjectReference?
    /// The state of the card when the registry was read: that in which a command begins.
    private(set) var cardState = LifeCycleState.terminated
    /// The application that is selected by default: it has the Card Reset privilege.
    private(set) var defaultSelected: ObjectReference?
    /// The application that a locked card still lets select.
    private(set) var finalApplication: ObjectReference?
    /// The applications that are selected implicitly on a logical channel.
    private var implicit: [(channel: UInt8, application: ObjectReference)] = []
    private var slots: UnsafeMutableBufferPointer<UInt32>

    init() {
        slots = .allocate(capacity: 16)
        slots.initialize(repeating: Self.emptySlot)
    }

    deinit { slots.deallocate() }

    /// Reads all registry entries of `memory`.
    mutating func build(from memory: borrowing Memory) {
        entries.removeAll(keepingCapacity: true)
        issuer = nil
        cardState = .terminated
        defaultSelected = nil
        finalApplication = nil
        implicit.removeAll(keepingCapacity: true)
        var keys: [AIDOrder] = []
        var next = memory.firstObject(of: .registryEntry)
        while let reference = next {
            next = memory.firstObject(of: .registryEntry, from: reference.page + 1)
            guard let entry = RegistryEntry(unchecked: reference, in: memory) else { continue }
            keys.append(AIDOrder(entry))
            guard entry.kind == .application else { continue }
            let privileges = entry.privileges
            if entry.isIssuerSecurityDomain { (issuer, cardState) = (reference, entry.lifeCycle) }
            if privileges.contains(.cardReset) { defaultSelected = reference }
            if privileges.contains(.finalApplication) { finalApplication = reference }
            if entry.attributesLength > 0 { collectImplicit(entry, memory) }
        }
        keys.sort()
        for key in keys { entries.append(key.reference) }
        fillSlots(from: memory)
    }

    private mutating func collectImplicit(_ entry: RegistryEntry, _ memory: borrowing Memory) {
        do throws(StatusWord) {
            try entry.withAttributes(in: memory) { (attributes) throws(StatusWord) in
                for channel in ImplicitSelection.channels(in: OctetCursor(attributes)) {
                    implicit.append((channel, entry.reference))
                }
            }
        } catch {
            // A damaged entry is selected by name only.
        }
    }

    /// The application that is selected implicitly on a logical channel: by its parameter (CF), or by default.
    func implicitlySelected(on channel: Int) -> ObjectReference? {
        implicit.first { Int($0.channel) == channel }?.application ?? defaultSelected
    }

    /// Whether an application other than `entry` is selected implicitly on a channel by its parameter.
    func isTaken(channel: UInt8, butBy entry: ObjectReference?) -> Bool {
        implicit.contains { $0.channel == channel && $0.application != entry }
    }

    private mutating func fillSlots(from memory: borrowing Memory) {
        var capacity = slots.count
        while capacity < entries.count * 2 { capacity *= 2 }
        if capacity > slots.count {
            slots.deallocate()
            slots = .allocate(capacity: capacity)
        }
        slots.initialize(repeating: Self.emptySlot)
        for reference in entries {
            guard let entry = RegistryEntry(unchecked: reference, in: memory) else { continue }
            var slot = Self.hash(entry.aid) & (slots.count - 1)
            while slots[slot] != Self.emptySlot { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = reference.page
        }
    }

    private static func hash(_ aid: OctetView) -> Int {
        var value: UInt32 = 0x811C_9DC5
        aid.withUnsafeBytes { octets in
            for octet in octets { value = (value ^ UInt32(octet)) &* 0x0100_0193 }
        }
        return Int(value ^ value >> 15)
    }

    /// The entry with an AID.
    ///
    /// - Parameter isModule: whether it is to be a module: an application may have the AID of its module.
    func entry(_ aid: OctetView, isModule: Bool = false, in memory: borrowing Memory) -> RegistryEntry? {
        var slot = Self.hash(aid) & (slots.count - 1)
        while slots[slot] != Self.emptySlot {
            if let entry = RegistryEntry(unchecked: ObjectReference(page: slots[slot]), in: memory),
                (entry.kind == .executableModule) == isModule, entry.aid.equals(aid)
            {
                return entry
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The AID that issuer security domains had before GlobalPlatform gave them A000000151000000: many cards, and with them
    /// clients, still know it.
    private static let formerIssuerAID: [UInt8] = [0xA0, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00]

    /// Whether an AID is the former one of issuer security domains, and nothing else here has it.
    func isFormerIssuerAID(_ aid: OctetView, in memory: borrowing Memory) -> Bool {
        Self.formerIssuerAID.withView { $0.equals(aid) } && entry(aid, in: memory) == nil
    }

    /// The security domain with an AID, or the issuer's where it is named by its former one.
    func securityDomain(_ aid: OctetView, in memory: borrowing Memory) -> RegistryEntry? {
        let found =
            isFormerIssuerAID(aid, in: memory)
            ? issuer.flatMap { RegistryEntry($0, in: memory) } : entry(aid, in: memory)
        return found?.isSecurityDomain == true ? found : nil
    }

    /// Where in `entries` the first AID stands that is not before `name`.
    func firstIndex(from name: OctetView, in memory: borrowing Memory) -> Int {
        var lower = 0
        var upper = entries.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if let entry = RegistryEntry(unchecked: entries[middle], in: memory), entry.aid.precedes(name) {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower
    }
}

/// An entry by its AID.
private struct AIDOrder: Comparable {
    private let head: UInt64
    private let tail: UInt64
    private let length: Int
    let reference: ObjectReference

    init(_ entry: RegistryEntry) {
        let aid = entry.aid
        var numbers: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            numbers.0 = numbers.0 << 8 | UInt64(aid.octet(at: index) ?? 0)
            numbers.1 = numbers.1 << 8 | UInt64(aid.octet(at: index + 8) ?? 0)
        }
        (head, tail) = numbers
        length = aid.count
        reference = entry.reference
    }

    static func < (left: AIDOrder, right: AIDOrder) -> Bool {
        (left.head, left.tail, left.length, left.reference.page)
            < (right.head, right.tail, right.length, right.reference.page)
    }
}

extension OctetView {
    /// Whether these octets stand before `other`: octet by octet, the shorter one first.
    func precedes(_ other: OctetView) -> Bool {
        for index in 0..<min(count, other.count) {
            guard let left = octet(at: index), let right = other.octet(at: index) else { break }
            if left != right { return left < right }
        }
        return count < other.count
    }
}

/// Implicit selection parameters (CF): GPCS table 11-51.
enum ImplicitSelection {
    /// The logical channels of the contact interface (b7) that they name: b5 to b1.
    static func channels(in objects: OctetCursor) -> [UInt8] {
        var channels: [UInt8] = []
        var cursor = objects
        while let object = cursor.berTLV() {
            guard object.tag == 0xCF, let octet = object.value.octet(at: 0), octet & 0x40 != 0 else { continue }
            channels.append(octet & 0x1F)
        }
        return channels
    }
}
