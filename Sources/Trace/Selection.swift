import Octets

/// A file, a directory or an application: where a channel stands.
struct Place: Equatable, Hashable {
    /// The DF name or AID of the application; nil in the tree of the MF.
    var application: [UInt8]?
    /// The DFs on the way, below the MF or the ADF.
    var directories: [UInt16] = []
    /// The EF.
    var file: UInt16?
    /// The short file identifier of an EF whose identifier is not known.
    var shortIdentifier: UInt8?

    static let masterFile = Place()

    /// The directory that the file is in, or that this is.
    var directory: Place { Place(application: application, directories: directories) }

    /// The directory above, which is itself for MF and ADF.
    var parent: Place { Place(application: application, directories: directories.dropLast()) }

    func child(_ identifier: UInt16) -> Place {
        Place(application: application, directories: directories + [identifier])
    }

    func elementary(_ identifier: UInt16) -> Place {
        Place(application: application, directories: directories, file: identifier)
    }

    /// What `FileNames` calls the directory.
    var context: String {
        let identifiers = directories.map { Hex.string($0) }
        guard let application else { return identifiers.isEmpty ? "MF" : identifiers.joined(separator: "/") }
        let start = FileNames.selectable(application) ?? "ADF.\(Hex.string(application))"
        return ([start] + identifiers).joined(separator: "/")
    }

    /// `EF.IMSI`; nil for what the standards do not name.
    var name: String? {
        if let file { return FileNames.name(of: file, in: context) }
        if shortIdentifier != nil { return nil }
        if let last = directories.last { return FileNames.name(of: last, in: parent.context) }
        return application.map { FileNames.selectable($0) } ?? "MF"
    }

    /// `3F00/7F10/6F3A`, `ADF.USIM/6F07`; for an application its AID.
    var path: String {
        if let application, directories.isEmpty, file == nil, shortIdentifier == nil { return Hex.string(application) }
        let start = context == "MF" ? "3F00" : application == nil ? "3F00/\(context)" : context
        if let file { return "\(start)/\(Hex.string(file))" }
        if let shortIdentifier { return "\(start)/SFI \(Hex.string([shortIdentifier]))" }
        return start
    }
}

/// What is selected on each logical channel, as far as it can be known from the APDUs alone: TS 102 221 clauses 8.4, 8.5
/// and 11.1.1. Where the APDUs do not say it, identifiers are understood as TS 102 221 clause 8.3 assigns them.
struct Selection {
    struct Channel {
        var place = Place.masterFile
        /// The application that is active.
        var application: [UInt8]?
    }

    private(set) var channels: [Int: Channel] = [:]
    /// What FCP templates have said: short file identifiers, and which files are directories.
    private var shortIdentifiers: [Place: [UInt8: UInt16]] = [:]
    private var directories: Set<Place> = []
    /// Complete DF names by the part that was selected.
    private var names: [[UInt8]: [UInt8]] = [:]

    func place(on channel: Int) -> Place { channels[channel]?.place ?? .masterFile }

    /// After a reset the MF is selected: TS 102 221 clause 8.4.
    mutating func reset() { channels = [:] }

    mutating func select(_ place: Place, on channel: Int) {
        channels[channel, default: Channel()].place = place
        if let application = place.application { channels[channel]?.application = application }
    }

    mutating func open(_ channel: Int, from origin: Int) {
        channels[channel] = origin == 0 ? Channel() : channels[origin]
    }

    mutating func close(_ channel: Int) { channels[channel] = nil }

    /// Ends the session of the application on a channel.
    mutating func terminateApplication(on channel: Int) { channels[channel] = Channel() }

    // MARK: where a command leads

    /// What a SELECT leads to, if the card accepts it; nil where the parameters say nothing.
    func target(ofSelect command: TracedCommand, on channel: Int) -> Place? {
        let here = place(on: channel)
        let data = command.data
        switch command.p1 {
        case 0x00 where data.isEmpty: return .masterFile
        case 0x00, 0x01, 0x02:
            guard data.count == 2 else { return nil }
            return place(of: UInt16(data[0]) << 8 | UInt16(data[1]), from: here, on: channel)
        case 0x03: return here.directories.isEmpty ? .masterFile : here.parent
        case 0x04: return Place(application: names[data] ?? data)
        case 0x08, 0x09:
            guard data.count % 2 == 0 else { return nil }
            var place = command.p1 == 0x08 ? Place.masterFile : here.directory
            for index in stride(from: 0, to: data.count, by: 2) {
                let identifier = UInt16(data[index]) << 8 | UInt16(data[index + 1])
                let isLast = index + 2 == data.count
                if identifier == 0x7FFF {
                    place = application(on: channel)
                } else if identifier == 0x3F00 {
                    place = .masterFile
                } else if isLast, !isDirectory(identifier, in: place) {
                    place = place.elementary(identifier)
                } else {
                    place = place.child(identifier)
                }
            }
            return place
        default: return nil
        }
    }

    /// The EF that a command means: the current one, or by short file identifier one in the current directory.
    func file(_ shortIdentifier: UInt8?, on channel: Int) -> Place {
        let here = place(on: channel)
        guard let shortIdentifier, shortIdentifier != 0, shortIdentifier != 0x1F else { return here }
        let directory = here.directory
        let known = shortIdentifiers[directory]?[shortIdentifier]
        if let file = known ?? FileNames.identifier(ofShort: shortIdentifier, in: directory.context) {
            return directory.elementary(file)
        }
        var place = directory
        place.shortIdentifier = shortIdentifier
        return place
    }

    private func application(on channel: Int) -> Place {
        channels[channel]?.application.map { Place(application: $0) } ?? .masterFile
    }

    /// TS 102 221 clause 8.4.1: what can be reached by identifier from a place.
    private func place(of identifier: UInt16, from here: Place, on channel: Int) -> Place {
        let directory = here.directory
        switch identifier {
        case 0x3F00: return .masterFile
        case 0x7FFF: return application(on: channel)
        default: break
        }
        if isKnown(identifier, in: directory) {
            return isDirectory(identifier, in: directory)
                ? directory.child(identifier) : directory.elementary(identifier)
        }
        if directory.directories.last == identifier { return directory }
        if directory.parent.directories.last == identifier { return directory.parent }
        // A DF beside the current one, and one of the MF from anywhere in its first level.
        for place in [directory.parent, .masterFile]
        where place != directory && isDirectory(identifier, in: place)
            && (isKnown(identifier, in: place) || identifier >> 8 == 0x7F)
        {
            return place.child(identifier)
        }
        switch identifier >> 8 {
        case 0x7F: return Place.masterFile.child(identifier)
        case 0x5F:
            let isSecondLevel = directory.directories.last.map { $0 >> 8 == 0x5F } ?? false
            return (isSecondLevel ? directory.parent : directory).child(identifier)
        case 0x2F: return Place.masterFile.elementary(identifier)
        default: return directory.elementary(identifier)
        }
    }

    private func isKnown(_ identifier: UInt16, in directory: Place) -> Bool {
        FileNames.name(of: identifier, in: directory.context) != nil
            || directories.contains(directory.child(identifier))
    }

    private func isDirectory(_ identifier: UInt16, in directory: Place) -> Bool {
        if let name = FileNames.name(of: identifier, in: directory.context) { return name.hasPrefix("DF.") }
        return directories.contains(directory.child(identifier)) || identifier >> 8 == 0x7F || identifier >> 8 == 0x5F
    }

    // MARK: what responses say

    /// Learns from the FCP template that the selection of `place` was answered with, or the FCI of an application.
    ///
    /// - Parameter name: the data field, where the selection was by DF name.
    /// - Returns: the place that it really is.
    mutating func learn(_ template: [UInt8], of place: Place, selectedBy name: [UInt8]?, on channel: Int) -> Place {
        guard let outer = BER.objects(template).first, outer.tag == 0x62 || outer.tag == 0x6F else { return place }
        let objects = BER.objects(outer.value)
        var place = place
        if let name, let whole = objects.first(where: { $0.tag == 0x84 })?.value, whole.starts(with: name) {
            // Selected by no name, or by a part of one, it is selected by its whole name from now on.
            let isHere = self.place(on: channel) == place
            place.application = whole
            names[name] = whole
            if isHere { select(place, on: channel) }
        }
        if let descriptor = objects.first(where: { $0.tag == 0x82 })?.value.first {
            let isDirectory = descriptor & 0xBF == 0x38
            if isDirectory, let file = place.file {
                place = place.directory.child(file)
                directories.insert(place)
            } else if !isDirectory, place.file == nil, place.shortIdentifier == nil, let last = place.directories.last {
                place = place.parent.elementary(last)
            } else if isDirectory {
                directories.insert(place)
            }
        }
        if let file = place.file, let object = objects.first(where: { $0.tag == 0x88 })?.value.first {
            shortIdentifiers[place.directory, default: [:]][object >> 3] = file
        }
        if self.place(on: channel).directory == place.directory || self.place(on: channel).parent == place.parent {
            select(place, on: channel)
        }
        return place
    }
}
