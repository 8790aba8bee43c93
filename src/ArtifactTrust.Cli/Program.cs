using ArtifactTrust.Cli.Console;

return await CommandLine.RunAsync(args, Terminal.ForProcess(), TimeProvider.System);
