using System.CommandLine;
using System.Globalization;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options of <c>sign</c> that say how a model or dataset is hashed and marked.</summary>
/// <param name="format">The form of the signature.</param>
internal sealed class ModelOptions(Option<string> format)
{
    private readonly Option<string> _hash = HashFunction();

    private readonly Option<string?> _shards = new("--shards")
    {
        Description = "hash the files in shards of this size, such as 1000000000 or 512MiB, so that one large file is hashed on all cores",
        HelpName = "SIZE",
    };

    private readonly Option<bool> _links = new("--allow-symlinks")
    {
        Description =
            "hash links to files of the directory under the links' names; links to directories or out of it are refused all the same",
    };

    private readonly Option<bool> _empty = new("--allow-unsigned-empty-files")
    {
        Description = "with --shards: sign although empty files, which have no shards, will not be under the signature",
    };

    private readonly Option<bool> _dataset = new("--dataset") { Description = "mark what is signed as a dataset" };

    private readonly Option<string?> _manifest = new("--manifest")
    {
        Description =
            "sign these digests, made by 'hash --output json', in place of hashing; names and sizes are compared where SUBJECT is there",
        HelpName = "FILE",
    };

    private readonly Option<string?> _cache = new("--hash-cache")
    {
        Description =
            "take digests of unchanged files from this file, and keep them there; only for signing, and only where nobody else can write it",
        HelpName = "FILE",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_hash, _shards, _links, _empty, _dataset, _manifest, _cache])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The file of digests to sign, or null.</summary>
    internal string? ManifestFile(ParseResult parsed) => parsed.GetValue(_manifest);

    /// <summary>Whether a file is signed as a model.</summary>
    internal bool IsModel(ParseResult parsed) => parsed.GetValue(format) == "oms";

    /// <summary>What to hash and how, but for the paths left out.</summary>
    /// <exception cref="CliException">The options contradict each other.</exception>
    internal ModelChoices Choices(ParseResult parsed)
    {
        var algorithm =
            DigestAlgorithm.FindForModels(parsed.GetValue(_hash)!)
            ?? throw CliException.Usage($"--hash {parsed.GetValue(_hash)} is not supported here");
        var size = parsed.GetValue(_shards) is { } text ? ParseSize(text) : (long?)null;
        if (size is null && parsed.GetValue(_empty))
        {
            throw CliException.Usage("--allow-unsigned-empty-files is for --shards: whole empty files are signed like others");
        }
        if (parsed.GetValue(_manifest) is not null && parsed.GetValue(_cache) is not null)
        {
            throw CliException.Usage("--hash-cache is for files that are hashed, and --manifest has their digests already");
        }
        return new ModelChoices(
            new ManifestForm(algorithm, size),
            parsed.GetValue(_links),
            parsed.GetValue(_empty),
            parsed.GetValue(_dataset) ? ModelKind.Dataset : ModelKind.Model,
            parsed.GetValue(_cache)
        );
    }

    /// <summary>Throws where an option is given that is for content that is here, and not for layers in a registry.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireLayers(ParseResult parsed)
    {
        parsed.Refuse(
            [_hash, _shards, _links, _empty, _manifest, _cache],
            "is for files that are hashed here; layers have their digests",
            "pull the artifact and sign the directory"
        );
    }

    /// <summary>Throws where an option is given that means nothing for a single file.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireFile(ParseResult parsed)
    {
        if (!IsModel(parsed))
        {
            RequireModel(parsed, "a file");
        }
        else if (parsed.GetValue(_cache) is not null)
        {
            throw CliException.Usage("--hash-cache is for directories: a file that did not change has its signature");
        }
    }

    /// <summary>Throws where an option is given that means nothing for what is signed.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireModel(ParseResult parsed, string what)
    {
        if (IsModel(parsed))
        {
            throw CliException.Usage($"--format oms is for files and directories, and {what} is signed in another way");
        }
        parsed.Refuse(
            [_hash, _shards, _links, _empty, _dataset, _manifest, _cache],
            $"is for models and datasets, and {what} is signed in another way",
            "--format oms signs a file, and the files of an artifact, as a model"
        );
    }

    private static Option<string> HashFunction()
    {
        var option = new Option<string>("--hash")
        {
            Description = "the hash function of the model's files",
            DefaultValueFactory = _ => DigestAlgorithm.Sha256.Name,
            HelpName = "sha256|blake2b|blake3",
        };
        option.AcceptOnlyFromAmong("sha256", "blake2b", "blake3");
        return option;
    }

    private static long ParseSize(string text)
    {
        var (digits, unit) = text switch
        {
            _ when text.EndsWith("KiB", StringComparison.Ordinal) => (text[..^3], 1L << 10),
            _ when text.EndsWith("MiB", StringComparison.Ordinal) => (text[..^3], 1L << 20),
            _ when text.EndsWith("GiB", StringComparison.Ordinal) => (text[..^3], 1L << 30),
            _ => (text, 1L),
        };
        return
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count > 0
            && count <= long.MaxValue / unit
            ? count * unit
            : throw CliException.Usage($"--shards '{text}' is no size", "give a number of bytes, or one with KiB, MiB or GiB");
    }
}

/// <summary>How a model is hashed and marked.</summary>
/// <param name="Form">Whole files or shards, and the hash function.</param>
/// <param name="AllowSymlinks">Whether links to files are hashed.</param>
/// <param name="AllowUnsignedEmptyFiles">Whether empty files may stay unsigned.</param>
/// <param name="Kind">A model or a dataset.</param>
/// <param name="CacheFile">Where digests of an earlier run are, or null.</param>
internal sealed record ModelChoices(ManifestForm Form, bool AllowSymlinks, bool AllowUnsignedEmptyFiles, ModelKind Kind, string? CacheFile);
