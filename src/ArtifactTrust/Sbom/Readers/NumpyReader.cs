using System.Globalization;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>NumPy's array: its type and shape, from the header.</summary>
/// <remarks>Spec: NEP 1, versions 1 to 3. The header is a Python literal, which is searched and never evaluated.</remarks>
internal sealed partial class NumpyReader : FormatReader
{
    /// <inheritdoc/>
    internal override string Format => "npy";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) =>
        head.Start.Length > 8 && head.Start[0] == 0x93 && head.Start[1..].StartsWith("NUMPY"u8);

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        input.Skip(6);
        var major = input.ReadByte();
        var minor = input.ReadByte();
        if (major is < 1 or > 3)
        {
            throw input.Malformed($"version {major}.{minor} is not known");
        }
        ulong length = major == 1 ? input.ReadUInt16() : input.ReadUInt32();
        var header = FileText.Decode(input.ReadBytes(length, Limits.NumpyHeaderBytes));
        var shape = Shape().Match(header);
        if (!shape.Success)
        {
            throw input.Malformed("the header has no shape");
        }
        var type = Simple().Match(header);
        var dimensions = shape.Groups["n"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var properties = new PropertyList("numpy")
            .Add("version", string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}"))
            .Add("type", type.Success ? type.Groups["t"].Value : "structured")
            .Add("shape", $"[{string.Join(", ", dimensions)}]")
            .Add("fortran-order", FortranOrder().IsMatch(header) ? "true" : null)
            // Such an array is a pickle, and loading it may run code.
            .Add("objects", Objects().IsMatch(header) ? "present" : null);
        return new FileFacts(Format, Role) { Properties = properties.Items };
    }

    [GeneratedRegex(@"'shape'\s*:\s*\((?<n>[0-9,\sL]*)\)", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Shape();

    [GeneratedRegex(@"'descr'\s*:\s*'(?<t>[^']*)'", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Simple();

    [GeneratedRegex(@"'fortran_order'\s*:\s*True", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex FortranOrder();

    [GeneratedRegex(@"'[|<>=]?O[0-9]*'", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Objects();
}
