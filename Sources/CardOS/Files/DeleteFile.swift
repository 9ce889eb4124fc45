import Memory
import Octets

extension UICC {
    /// DELETE FILE: TS 102 222 clause 6.4. A DF goes with all that is below it, and a file with the links that show it:
    /// without it they would show nothing. Codes and parameters of a DF go with it.
    ///
    /// What is freed stands in the memory until the commit, which is that of the command: from here on it is not known
    /// any more.
    ///
    /// - Throws: 6A82 where the file is not found; 6985 for the MF.
    static func deleteFile(_ card: inout UICC, _ command: CommandAPDU) throws(StatusWord) -> StatusWord {
        guard command.p1p2 == 0 else { throw .incorrectP1P2 }
        let file = try card.namedFile(command)
        guard let parent = file.parent else { throw .conditionsNotSatisfied }
        do throws(StatusWord) {
            try card.require(.delete, on: file, for: command)
        } catch {
            try card.require(.readOrDeleteChild, on: card.file(parent), for: command)
        }
        let doomed = try card.filesThatGo(with: file.reference)
        for reference in doomed { try card.memory.free(reference) }
        let codes = try card.freeBelongings(of: doomed)
        card.files.build(from: card.memory, without: Set(doomed))
        card.codes.remove(codes, of: doomed)
        card.deselect(doomed, above: parent)
        return .success
    }

    private func filesThatGo(with reference: ObjectReference) throws(StatusWord) -> [ObjectReference] {
        var doomed = [reference]
        var isDoomed: Set<ObjectReference> = [reference]
        var known = 0
        // One pass for each level below the file.
        while known < doomed.count {
            known = doomed.count
            var next = memory.firstObject(of: .file)
            while let reference = next {
                next = memory.firstObject(of: .file, from: reference.page + 1)
                guard !isDoomed.contains(reference) else { continue }
                let other = try file(reference)
                if [other.parent, other.link].contains(where: { $0.map(isDoomed.contains) ?? false }) {
                    isDoomed.insert(reference)
                    doomed.append(reference)
                }
            }
        }
        return doomed
    }

    /// Frees the codes and the parameters whose DF, or the one whose codes or parameters they use, is in `doomed`.
    ///
    /// - Returns: what is freed.
    private mutating func freeBelongings(of doomed: [ObjectReference]) throws(StatusWord) -> [ObjectReference] {
        var freed: [ObjectReference] = []
        for kind in [ObjectKind.pinCodes, .unblockingCodes, .authenticationParameters, .cdmaParameters] {
            let hasOrigin = kind != .cdmaParameters
            var next = memory.firstObject(of: kind)
            while let object = next {
                next = memory.firstObject(of: kind, from: object.page + 1)
                let head = memory.head(of: object, count: CodeTable.headerSize)
                let context = head.uint32(at: 0)
                let origin = hasOrigin ? head.uint32(at: 4) : nil
                guard doomed.contains(where: { $0.page == context || $0.page == origin }) else { continue }
                try memory.free(object)
                freed.append(object)
            }
        }
        return freed
    }

    /// Selects `parent` on the channels whose current DF is gone, and no EF where that is gone.
    private mutating func deselect(_ doomed: [ObjectReference], above parent: ObjectReference) {
        for number in channels.indices {
            let channel = channels[number]
            if let application = channel.application, doomed.contains(application) {
                channels[number].application = nil
            }
            if doomed.contains(channel.directory) {
                channels[number].select(directory: parent)
            } else if let current = channel.elementaryFile, doomed.contains(current) {
                channels[number].select(directory: channel.directory)
            }
        }
    }
}
