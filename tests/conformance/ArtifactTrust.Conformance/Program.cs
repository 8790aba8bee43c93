using ArtifactTrust.Conformance;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing;

if (args is [var verb, .. var modelArguments] && ModelSigning.Knows(verb))
{
    return await ModelSigning.RunAsync(verb, modelArguments, Console.Error, TimeProvider.System);
}
try
{
    var arguments = Arguments.Parse(args);
    return arguments.Command == "sign-bundle" ? await SignBundle.RunAsync(arguments) : VerifyBundle.Run(arguments);
}
catch (Exception e) when (e is MalformedDataException or SigningServiceException or UnverifiableBundleException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
