#!/usr/bin/env dotnet
#:property PublishAot=false

// A client of `fovea serve`: sends images, prints their classes. It waits where the server says so.
//
// usage: dotnet run samples/ServeClient.cs -- [--url http://127.0.0.1:8000] IMAGE...

using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

List<string> files = [.. args];
string url = "http://127.0.0.1:8000";
if (files.IndexOf("--url") is >= 0 and int at)
{
    url = files[at + 1];
    files.RemoveRange(at, 2);
}

files.Remove("--quick");
if (files.Count == 0)
{
    Console.WriteLine("usage: dotnet run samples/ServeClient.cs -- [--url URL] IMAGE...");
    return 0;
}

using HttpClient client = new() { BaseAddress = new Uri(url) };
if (Environment.GetEnvironmentVariable("FOVEA_TOKEN") is string token)
    client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
for (int attempt = 1; ; attempt++)
{
    using MultipartFormDataContent form = [];
    foreach (string file in files) form.Add(new StreamContent(File.OpenRead(file)), "image", Path.GetFileName(file));
    using HttpResponseMessage answer = await client.PostAsync("/v1/classify?top=3", form);
    if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && attempt < 5)
    {
        await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1));
        continue;
    }

    JsonNode body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    if (body["error"] is JsonNode error)
    {
        Console.Error.WriteLine($"{(int)answer.StatusCode}: {error}");
        return 1;
    }

    foreach (JsonNode? image in body["results"]!.AsArray())
    {
        Console.WriteLine(image!["image"]);
        if (image["error"] is JsonNode reason) Console.WriteLine($"  {reason}");
        foreach (JsonNode? one in image["classes"]?.AsArray() ?? [])
            Console.WriteLine($"  {(double)one!["probability"]!,6:P1}  {one["name"]}");
    }

    return 0;
}
