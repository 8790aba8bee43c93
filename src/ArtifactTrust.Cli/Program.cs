using ArtifactTrust.Cli.Console;

using var interruption = Interruption.Listen();
return await CommandLine.RunAsync(args, Terminal.ForProcess(), TimeProvider.System, interruption);
