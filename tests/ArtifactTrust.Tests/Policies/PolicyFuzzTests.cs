using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Policies;

namespace ArtifactTrust.Tests.Policies;

public sealed class PolicyFuzzTests
{
    private static readonly byte[] Valid = Encoding.UTF8.GetBytes(
        $"""
        %COMMENT%
        version: 1
        name: 'fuzz — é'
        expires: 2030-01-01T00:00:00Z
        identities:
          alice:
            keys:
              - file: keys/alice.pub
                notBefore: 2026-01-01T00:00:00Z
              - pem: |
                  {Given.Pem("alice2").TrimEnd().ReplaceLineEndings("\n          ")}
          bob: {"{ keys: [ { file: keys/bob.pub, rsaPadding: pss } ] }"}
        subjects:
          model:
            kind: [directory, "file"]
            optional: false
            signatures: {"{ from: [alice, bob], atLeast: 2 }"}
            attestations:
              - type: slsaprovenance1
                from: alice
                builder: https://ci.example.com/runner
                source:
                  - "git+https://git.example.com/models/*@**"
                  - uri: >-
                      https://data.example.com/
                    digest: gitCommit:7fd1a60b
                maxAge: 90d
              - {"{ type: vulns, from: [bob], maxSeverity: MEDIUM, unknownSeverity: deny, maxDatabaseAge: 3d }"}
              - {"{ type: test-result, from: [bob], result: [PASSED, \"WAR\\x4eED\"] }"}
        """.Replace("%COMMENT%", "# a policy", StringComparison.Ordinal)
    );

    [Fact]
    public void The_policy_that_is_mutated_is_a_valid_one() => Assert.True(Parses(Valid));

    [Fact]
    public void Every_prefix_gives_a_policy_or_the_policy_error()
    {
        for (var length = 0; length < Valid.Length; length++)
        {
            Parses(Valid.AsSpan(0, length));
        }
    }

    [Fact]
    public void Every_flipped_bit_gives_a_policy_or_the_policy_error()
    {
        var bytes = Valid.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            // Of the key inside, one bit a byte: keys have their own tests, and each mutant here costs three keys read.
            for (var bit = InKey(i) ? i % 8 : 0; bit < (InKey(i) ? i % 8 + 1 : 8); bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                Parses(bytes);
                bytes[i] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void Every_byte_replaced_inserted_or_removed_gives_a_policy_or_the_policy_error()
    {
        foreach (var c in "\n :-[{#&*!|'\"\\"u8.ToArray())
        {
            for (var i = 0; i < Valid.Length; i++)
            {
                if (!InKey(i))
                {
                    Parses([.. Valid[..i], c, .. Valid[(i + 1)..]]);
                    Parses([.. Valid[..i], c, .. Valid[i..]]);
                }
            }
        }
        for (var i = 0; i < Valid.Length; i++)
        {
            Parses([.. Valid[..i], .. Valid[(i + 1)..]]);
        }
    }

    [Fact]
    public void Random_pieces_of_yaml_give_a_policy_or_the_policy_error()
    {
        string[] pieces =
        [
            "version: 1\n",
            "name: x\n",
            "- ",
            "? ",
            ": ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a",
            "!!str ",
            "! ",
            "|\n",
            ">-\n",
            "|2-\n",
            "'",
            "\"",
            "#",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "\n",
            "  ",
            "    ",
            "          ",
            "a",
            "é",
            "\\",
            "\"\\x",
            "\"\\u00",
            "\"\\U0010FFFF\"",
            "@",
            "`",
            "<<: ",
            "~",
            "1",
            "true",
            "\r\n",
            "\uFEFF",
            "a:\n",
            "- - -\n",
            "? |\n",
            "!<tag:x> ",
        ];
        var random = new Random(20261121);
        for (var i = 0; i < 15_000; i++)
        {
            Parses(
                Encoding.UTF8.GetBytes(
                    string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => pieces[random.Next(pieces.Length)]))
                )
            );
        }
    }

    private static bool InKey(int index) => index > Valid.AsSpan().IndexOf("BEGIN"u8) && index < Valid.AsSpan().IndexOf("-----END"u8);

    private static bool Parses(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var policy = TrustPolicy.Parse(bytes, Key);
            return true;
        }
        catch (MalformedDataException e)
        {
            Assert.Equal("policy", e.Format);
            Assert.Matches(@"\A(line [1-9][0-9]*, column [1-9][0-9]*|byte [0-9]+)\z", e.Location);
            Assert.NotEmpty(e.Reason);
            return false;
        }
    }

    private static ReadOnlyMemory<byte> Key(string name) =>
        name switch
        {
            "keys/alice.pub" => AlicesKey,
            "keys/bob.pub" => BobsKey,
            _ => throw new FileNotFoundException("no such file"),
        };

    private static readonly byte[] AlicesKey = Encoding.UTF8.GetBytes(Given.Pem("alice"));
    private static readonly byte[] BobsKey = Encoding.UTF8.GetBytes(Given.Pem("bob"));
}
