// The command cpp-harness: llama.cpp behind the exchange protocol.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>

#include "build_facts.hpp"
#include "commands.hpp"
#include "error.hpp"
#include "llama_api.hpp"
#include "log.hpp"
#include "options.hpp"

namespace {

using harness::exit_code;
using harness::failure;
using harness::options;

const char * const help =
    "llama.cpp behind Lockstep's exchange protocol: requests on standard input, answers on standard\n"
    "output, one JSON object a line.\n"
    "\n"
    "usage: cpp-harness describe [--model M]\n"
    "       cpp-harness tokenize --model M\n"
    "       cpp-harness evaluate --model M --out DIR [--arithmetic A] [--threads N] [--context N]\n"
    "                            [--micro-batch N] [--kv f16|f32] [--flash-attention on|off]\n"
    "                            [--repack on|off]\n"
    "       cpp-harness quantize TYPE IN OUT [--pure] [--token-embedding-type T] [--output-type T]\n"
    "                            [--allow-requantize] [--threads N]\n"
    "       cpp-harness tensor NAME MODEL --out FILE [--times OTHER]\n"
    "\n"
    "tensor writes the values of one tensor, or its product with the F32 tensor OTHER of the same\n"
    "file, as the library computes them: float32, one row of the file a row.\n"
    "\n"
    "example: cpp-harness evaluate --model model.gguf --out logits < requests.jsonl\n";

// Which of two words a flag says; true for the second.
bool second_of(const options & given, const std::string & flag, const std::string & first, const std::string & second) {
    const std::string word = given.value(flag, first);
    if (word != first && word != second) {
        throw failure(exit_code::usage, flag + " " + word + ": expected " + first + " or " + second);
    }
    return word == second;
}

uint32_t threads(const options & given) {
    const uint32_t count = given.number("--threads", 1, harness::default_settings().threads);
    if (count > harness::most_threads()) {
        throw failure(exit_code::usage, "--threads " + std::to_string(count) + ": ggml starts at most " +
                                            std::to_string(harness::most_threads()));
    }
    return count;
}

void run_evaluate(const std::vector<std::string> & words) {
    const options given(words,
                        {"--model", "--out", "--arithmetic", "--threads", "--context", "--micro-batch", "--kv",
                         "--flash-attention", "--repack"},
                        {});
    given.positional(0);
    const std::string own = harness::build_facts::arithmetic;
    const std::string arithmetic = given.value("--arithmetic", own);
    if (arithmetic != "exact" && arithmetic != "f32" && arithmetic != "fast") {
        throw failure(exit_code::usage, "--arithmetic " + arithmetic + ": expected exact, f32 or fast");
    }
    if (arithmetic != own) {
        throw failure(exit_code::unavailable, "arithmetic " + arithmetic + " is not there: this build computes " + own);
    }
    harness::evaluate_flags flags;
    flags.model_path = given.required("--model");
    flags.out_folder = given.required("--out");
    if (!std::filesystem::is_directory(flags.out_folder)) {
        throw failure(exit_code::usage, "--out " + flags.out_folder + ": no such folder");
    }
    flags.values = harness::default_settings();
    flags.values.threads = threads(given);
    flags.values.context = given.number("--context", 1, 0);
    flags.values.micro_batch = given.number("--micro-batch", 1, flags.values.micro_batch);
    flags.own_micro_batch = given.has("--micro-batch");
    flags.values.kv_f32 = second_of(given, "--kv", "f16", "f32");
    flags.values.flash_attention = second_of(given, "--flash-attention", "off", "on");
    if (given.has("--repack")) {
        if (!flags.values.repack) {
            throw failure(exit_code::unavailable, "--repack is not there: this library cannot be asked");
        }
        flags.values.repack = second_of(given, "--repack", "off", "on");
    }
    harness::evaluate_lines(flags);
}

void run_quantize(const std::vector<std::string> & words) {
    const options given(words, {"--token-embedding-type", "--output-type", "--threads"},
                        {"--pure", "--allow-requantize"});
    const std::vector<std::string> named = given.positional(3);
    harness::quantize_flags flags;
    flags.type = named[0];
    flags.in_path = named[1];
    flags.out_path = named[2];
    flags.token_embedding_type = given.value("--token-embedding-type");
    flags.output_type = given.value("--output-type");
    flags.pure = given.has("--pure");
    flags.allow_requantize = given.has("--allow-requantize");
    flags.threads = threads(given);
    harness::quantize(flags);
}

void run_tensor(const std::vector<std::string> & words) {
    const options given(words, {"--out", "--times"}, {});
    const std::vector<std::string> named = given.positional(2);
    harness::tensor_flags flags;
    flags.name = named[0];
    flags.model_path = named[1];
    flags.out_path = given.required("--out");
    flags.times = given.has("--times") ? given.required("--times") : "";
    harness::tensor(flags);
}

void run(const std::string & command, const std::vector<std::string> & words) {
    const harness::backend library;
    if (command == "describe") {
        const options given(words, {"--model"}, {});
        given.positional(0);
        harness::describe(given.has("--model") ? given.required("--model") : "");
    } else if (command == "tokenize") {
        const options given(words, {"--model"}, {});
        given.positional(0);
        harness::tokenize_lines(given.required("--model"));
    } else if (command == "evaluate") {
        run_evaluate(words);
    } else if (command == "quantize") {
        run_quantize(words);
    } else if (command == "tensor") {
        run_tensor(words);
    } else {
        throw failure(exit_code::usage, "unknown sub-command " + command);
    }
}

int report(exit_code code, const char * message) {
    std::fprintf(stderr, "cpp-harness: %s\n", message);
    if (code == exit_code::usage) {
        std::fputs(help, stderr);
    }
    return static_cast<int>(code);
}

}  // namespace

int main(int argc, char ** argv) {
    try {
        std::ios::sync_with_stdio(false);
        // A failed assertion of ggml would start a debugger, which writes to standard output.
        setenv("GGML_NO_BACKTRACE", "1", /*overwrite=*/1);
        harness::install_log();
        const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
        if (words.empty()) {
            throw failure(exit_code::usage, "a sub-command is needed");
        }
        if (std::count(words.begin(), words.end(), "--help") > 0 || words[0] == "-h") {
            std::fputs(help, stdout);
        } else if (words[0] == "--version") {
            std::printf("%s %s (%s)\n", harness::build_facts::engine_name, harness::build_facts::program_version,
                        harness::build_facts::library_version);
        } else {
            run(words[0], {words.begin() + 1, words.end()});
        }
        return static_cast<int>(exit_code::done);
    } catch (const failure & error) {
        return report(error.code(), error.what());
    } catch (const std::exception & error) {
        return report(exit_code::internal, error.what());
    } catch (...) {
        return report(exit_code::internal, "an exception of an unknown kind");
    }
}
