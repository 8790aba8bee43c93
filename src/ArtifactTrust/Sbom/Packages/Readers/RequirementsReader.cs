using System.Text;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Packages.Readers;

/// <summary>What pip is to install: <c>requirements.txt</c>.</summary>
/// <remarks>
/// Spec: pip's requirements file format; PEP 508 and 440 (<c>==</c>). Only where every line has a <c>--hash</c> does pip refuse packages that
/// are not listed, so that only such a file names all of them.
/// </remarks>
internal sealed partial class RequirementsReader
{
    private readonly PackageFindings _findings;
    private int _elsewhere;
    private int _open;
    private int _unhashed;

    private RequirementsReader(PackageFindings findings) => _findings = findings;

    internal static void Read(PackageFile file, PackageFindings findings)
    {
        var reader = new RequirementsReader(findings);
        var pending = new StringBuilder();
        foreach (var line in PackageText.Lines(file.Content).Append(""))
        {
            if (pending.Length > Limits.SbomTextLength * 64)
            {
                throw new MalformedDataException("requirements file", "$", "a line of more than 256 kB");
            }
            var text = Comment().Replace(line, "");
            if (text.EndsWith('\\'))
            {
                pending.Append(text.AsSpan(0, text.Length - 1)).Append(' ');
                continue;
            }
            reader.Take(pending.Append(text).ToString().Trim());
            pending.Clear();
        }
        reader.TellWhatIsMissing();
    }

    private void Take(string text)
    {
        if (text.Length == 0)
        {
            return;
        }
        if (Include().Match(text) is { Success: true } include)
        {
            _findings.Include(include.Groups["path"].Value);
        }
        else if (Editable().IsMatch(text))
        {
            _elsewhere++;
        }
        else if (text[0] != '-')
        {
            Requirement(text);
        }
    }

    private void Requirement(string text)
    {
        if (RequirementPattern().Match(text) is not { Success: true } match)
        {
            // Neither is shown: an address may hold a password.
            if (text.Contains("://", StringComparison.Ordinal) || text[0] is '.' or '/' || text.Contains('/', StringComparison.Ordinal))
            {
                _elsewhere++;
                return;
            }
            _findings.Problem($"the requirement '{PackageText.Note(text.Length > 80 ? text[..80] : text)}' is not understood");
            return;
        }
        var name = match.Groups["name"].Value;
        var rest = match.Groups["rest"].Value;
        if (Archive().IsMatch(name))
        {
            _elsewhere++;
            return;
        }
        var hashes = PackageText.Hashes(HashOption().Matches(rest).Select(m => (string?)m.Groups[1].Value.ToLowerInvariant()));
        var options = rest.IndexOf(" --", StringComparison.Ordinal);
        var wanted = (options < 0 ? rest : rest[..options]).Split(';')[0].Trim().Trim('(', ')').Trim();
        var pin = Pin().Match(wanted);
        var isAddress = wanted.StartsWith('@');
        if (isAddress)
        {
            _elsewhere++;
        }
        else if (!pin.Success)
        {
            _open++;
        }
        else if (hashes.Count == 0)
        {
            _unhashed++;
        }
        _findings.Add(
            new FoundPackage(PythonReader.Url(name, pin.Success ? pin.Groups[1].Value : null))
            {
                DisplayName = name,
                Hashes = hashes,
                Properties =
                    pin.Success || isAddress || wanted.Length == 0
                        ? []
                        : [new SbomProperty(PackagePropertyNames.Requirement, PackageText.Note(wanted) ?? "")],
            }
        );
    }

    private void TellWhatIsMissing()
    {
        if (_elsewhere > 0)
        {
            _findings.Problem($"{_elsewhere} of its requirements are addresses or paths, where what they bring is not read");
        }
        if (_open > 0)
        {
            _findings.Problem($"{_open} of its requirements leave the version open");
        }
        if (_unhashed > 0)
        {
            _findings.Problem($"{_unhashed} of its requirements have no --hash, so that pip may install others with them");
        }
    }

    [GeneratedRegex(@"\A(?:-r\s*|--requirement(?:\s+|=))(?<path>\S.*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Include();

    [GeneratedRegex(@"\A(?:-e\s*|--editable(?:\s+|=))\S", RegexOptions.CultureInvariant)]
    private static partial Regex Editable();

    [GeneratedRegex(@"\.(?:whl|zip|tar\.gz|tar\.bz2|tgz)\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Archive();

    [GeneratedRegex(
        @"\A(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?)\s*(?:\[[A-Za-z0-9._,\s-]{0,512}\])?\s*(?<rest>(?:[(=<>!~;@]|--|\z).*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex RequirementPattern();

    [GeneratedRegex(@"\A={2,3}\s*([A-Za-z0-9][A-Za-z0-9.!+_-]{0,254})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pin();

    [GeneratedRegex(@"--hash[=\s]([a-z0-9]{1,16}:[0-9A-Fa-f]{1,128})", RegexOptions.CultureInvariant)]
    private static partial Regex HashOption();

    [GeneratedRegex(@"(?:^|\s)#.*$", RegexOptions.CultureInvariant)]
    private static partial Regex Comment();
}
