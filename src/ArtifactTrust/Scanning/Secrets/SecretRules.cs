using System.Text.RegularExpressions;
using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning.Secrets;

/// <summary>A form of credential.</summary>
/// <param name="Id">The rule's identifier in reports.</param>
/// <param name="Title">What it finds.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Literal">What every such credential begins with; the form is tried there and nowhere else.</param>
/// <param name="Form">The whole form, from its beginning; a group named <c>value</c> is the credential where it is only a part.</param>
internal sealed record SecretRule(string Id, string Title, Severity Severity, string Literal, Regex Form)
{
    /// <summary>Whether a letter or digit may stand before it.</summary>
    internal bool MayFollowWord { get; init; }

    /// <summary>A further test of the value; null where the form is enough.</summary>
    internal Func<string, bool>? Accepts { get; init; }
}

/// <summary>The forms of credentials that are known.</summary>
/// <remarks>Every form is anchored and its repetitions are bounded, so that trying one takes bounded time.</remarks>
internal static partial class SecretRules
{
    /// <summary>Changes with the rules.</summary>
    internal const string Version = "2026.11.2";

    internal static IReadOnlyList<SecretRule> All { get; } =
    [
        Key("AKIA"),
        Key("ASIA"),
        new("aws-secret-access-key", "AWS secret access key", Severity.High, "aws_secret_access_key", AwsSecret()) { MayFollowWord = true },
        new("aws-secret-access-key", "AWS secret access key", Severity.High, "AWS_SECRET_ACCESS_KEY", AwsSecret()) { MayFollowWord = true },
        new("aws-secret-access-key", "AWS secret access key", Severity.High, "SecretAccessKey", AwsSecret()) { MayFollowWord = true },
        new("gcp-api-key", "Google API key", Severity.High, "AIza", GcpKey()),
        new("gcp-oauth-secret", "Google OAuth client secret", Severity.High, "GOCSPX-", GcpOAuth()),
        new("azure-storage-key", "Azure storage account key", Severity.High, "AccountKey=", AzureStorage()) { MayFollowWord = true },
        new("azure-sas-token", "Azure shared access signature", Severity.High, "sig=", AzureSas()),
        new("azure-client-secret", "Azure client secret", Severity.High, "Q~", AzureClient()) { MayFollowWord = true },
        Token("github-token", "GitHub token", "ghp_", GitHub()),
        Token("github-token", "GitHub token", "gho_", GitHub()),
        Token("github-token", "GitHub token", "ghu_", GitHub()),
        Token("github-token", "GitHub token", "ghs_", GitHub()),
        Token("github-token", "GitHub token", "ghr_", GitHub()),
        Token("github-token", "GitHub token", "github_pat_", GitHubFine()),
        Token("gitlab-token", "GitLab token", "glpat-", GitLab()),
        Token("gitlab-token", "GitLab token", "glrt-", GitLab()),
        Token("gitlab-token", "GitLab token", "gldt-", GitLab()),
        Token("slack-token", "Slack token", "xoxb-", Slack()),
        Token("slack-token", "Slack token", "xoxp-", Slack()),
        Token("slack-token", "Slack token", "xoxa-", Slack()),
        Token("slack-token", "Slack token", "xapp-", Slack()),
        Token("slack-webhook", "Slack webhook", "hooks.slack.com/services/", SlackHook()) with
        {
            MayFollowWord = true,
        },
        Token("huggingface-token", "Hugging Face token", "hf_", HuggingFace()),
        Token("huggingface-token", "Hugging Face organization token", "api_org_", HuggingFaceOrganization()),
        Token("anthropic-key", "Anthropic API key", "sk-ant-", Anthropic()),
        Token("openai-key", "OpenAI API key", "sk-proj-", OpenAi()),
        Token("openai-key", "OpenAI API key", "sk-svcacct-", OpenAi()),
        Token("openai-key", "OpenAI API key", "sk-admin-", OpenAi()),
        Token("openai-key", "OpenAI API key", "sk-", OpenAiOld()),
        Token("npm-token", "npm token", "npm_", Npm()),
        Token("pypi-token", "PyPI token", "pypi-AgE", PyPi()),
        Token("stripe-key", "Stripe secret key", "sk_live_", Stripe()),
        Token("stripe-key", "Stripe restricted key", "rk_live_", Stripe()),
        Token("sendgrid-key", "SendGrid key", "SG.", SendGrid()),
        Token("wandb-key", "Weights & Biases key", "wandb_v1_", WandB()),
        Token("replicate-token", "Replicate token", "r8_", Replicate()),
        Token("databricks-token", "Databricks token", "dapi", Databricks()),
        new("private-key", "private key", Severity.High, "-----BEGIN ", Pem()) { MayFollowWord = true },
        new("jwt", "JSON Web Token", Severity.Medium, "eyJ", Jwt()) { Accepts = JwtHeader.IsOne },
        new("url-password", "password in an address", Severity.Medium, "://", UrlPassword())
        {
            MayFollowWord = true,
            Accepts = v => !SecretText.IsCommonPassword(v),
        },
        new("netrc-password", "password in a netrc file", Severity.Medium, "machine ", Netrc())
        {
            Accepts = v => !SecretText.IsCommonPassword(v),
        },
        new("docker-auth", "credentials for a container registry", Severity.High, "\"auth\"", DockerAuth())
        {
            Accepts = SecretText.IsBasicCredential,
        },
    ];

    /// <summary>A name that speaks of a secret, with a value that looks random.</summary>
    internal static SecretRule Assignment { get; } =
        new(SecretScanner.AssignmentId, "a random value under the name of a secret", Severity.Medium, "", Generic());

    private static SecretRule Key(string literal) => new("aws-access-key-id", "AWS access key", Severity.High, literal, AwsKey());

    private static SecretRule Token(string id, string title, string literal, Regex form) => new(id, title, Severity.High, literal, form);

    [GeneratedRegex(@"\A(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex AwsKey();

    [GeneratedRegex(
        """\A(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)["']{0,2}\s{0,4}(?:=|:|=>)\s{0,4}["']{0,2}(?<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])""",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex AwsSecret();

    [GeneratedRegex(@"\AAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", RegexOptions.CultureInvariant)]
    private static partial Regex GcpKey();

    [GeneratedRegex(@"\AGOCSPX-[0-9A-Za-z_-]{28}(?![0-9A-Za-z_-])", RegexOptions.CultureInvariant)]
    private static partial Regex GcpOAuth();

    [GeneratedRegex(@"\AAccountKey=(?<value>[A-Za-z0-9+/]{86}==)", RegexOptions.CultureInvariant)]
    private static partial Regex AzureStorage();

    [GeneratedRegex(@"\Asig=(?<value>[A-Za-z0-9%]{43,63}%3[dD])", RegexOptions.CultureInvariant)]
    private static partial Regex AzureSas();

    [GeneratedRegex(@"\AQ~(?<value>[a-zA-Z0-9_~.-]{31,34})(?![a-zA-Z0-9_~.-])", RegexOptions.CultureInvariant)]
    private static partial Regex AzureClient();

    [GeneratedRegex(@"\Agh[pousr]_[A-Za-z0-9]{36,251}(?![A-Za-z0-9_])", RegexOptions.CultureInvariant)]
    private static partial Regex GitHub();

    [GeneratedRegex(@"\Agithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9_])", RegexOptions.CultureInvariant)]
    private static partial Regex GitHubFine();

    [GeneratedRegex(
        @"\A(?:glpat|glrt|gldt)-[A-Za-z0-9_-]{20,64}(?:\.[a-z0-9]{2}\.[a-z0-9]{9})?(?![A-Za-z0-9_-])",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex GitLab();

    [GeneratedRegex(@"\Axox[bpa]-[0-9A-Za-z-]{20,200}|\Axapp-[0-9]-[0-9A-Za-z-]{20,200}", RegexOptions.CultureInvariant)]
    private static partial Regex Slack();

    [GeneratedRegex(@"\Ahooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}", RegexOptions.CultureInvariant)]
    private static partial Regex SlackHook();

    [GeneratedRegex(@"\Ahf_[A-Za-z]{34}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex HuggingFace();

    [GeneratedRegex(@"\Aapi_org_[A-Za-z]{34}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex HuggingFaceOrganization();

    [GeneratedRegex(@"\Ask-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{80,120}(?![A-Za-z0-9_-])", RegexOptions.CultureInvariant)]
    private static partial Regex Anthropic();

    [GeneratedRegex(@"\Ask-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}(?![A-Za-z0-9_-])", RegexOptions.CultureInvariant)]
    private static partial Regex OpenAi();

    [GeneratedRegex(@"\Ask-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex OpenAiOld();

    [GeneratedRegex(@"\Anpm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Npm();

    [GeneratedRegex(@"\Apypi-AgE[A-Za-z0-9_-]{50,1000}", RegexOptions.CultureInvariant)]
    private static partial Regex PyPi();

    [GeneratedRegex(@"\A[sr]k_live_[0-9a-zA-Z]{20,120}(?![0-9a-zA-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Stripe();

    [GeneratedRegex(@"\ASG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", RegexOptions.CultureInvariant)]
    private static partial Regex SendGrid();

    [GeneratedRegex(@"\Awandb_v1_[A-Za-z0-9_]{40,100}(?![A-Za-z0-9_])", RegexOptions.CultureInvariant)]
    private static partial Regex WandB();

    [GeneratedRegex(@"\Ar8_[A-Za-z0-9]{37}(?![A-Za-z0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex Replicate();

    [GeneratedRegex(@"\Adapi[0-9a-f]{32}(?:-[0-9])?(?![0-9a-zA-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex Databricks();

    // A header alone is a pattern in somebody's code; base64 has to follow, on the next line or after \n in a string.
    [GeneratedRegex(
        @"\A-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP |ENCRYPTED SIGSTORE |ENCRYPTED COSIGN )?PRIVATE KEY(?: BLOCK)?-----",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Pem();

    [GeneratedRegex(
        @"\A(?<value>eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{20,2000})",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Jwt();

    [GeneratedRegex(
        """\A://[^\s/:@"'<>\\]{0,128}:(?<value>[^\s/@"'<>\\]{3,256})@(?!(?:[A-Za-z0-9-]{1,63}\.){0,3}example\.(?:com|org|net)(?![A-Za-z0-9.-]))[A-Za-z0-9\[]""",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex UrlPassword();

    [GeneratedRegex(
        @"\Amachine\s{1,4}\S{1,256}\s{1,4}login\s{1,4}\S{1,256}\s{1,4}password\s{1,4}(?<value>\S{3,256})",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Netrc();

    [GeneratedRegex("""\A"auth"\s{0,4}:\s{0,4}"(?<value>[A-Za-z0-9+/]{8,1024}={0,2})["]""", RegexOptions.CultureInvariant)]
    private static partial Regex DockerAuth();

    // What stands in no quotes may be code: it ends its line or its item, and is judged more strictly.
    [GeneratedRegex(
        """(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth[_-]?key|client[_-]?secret)[a-z0-9_.-]{0,24}["']{0,2}\s{0,4}(?::=|=>|=|:)\s{0,4}(?:["']{1,3}(?<value>[A-Za-z0-9+/=_.~!@#$%^&*-]{16,256})["']|(?<bare>[A-Za-z0-9+/=_.~!@#$%^&*-]{16,256})(?=\s{0,4}(?:\z|[#,;}\]])))""",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Generic();
}
