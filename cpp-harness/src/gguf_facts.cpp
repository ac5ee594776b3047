#include "gguf_facts.hpp"

#include <utility>

#include "build_facts.hpp"
#include "error.hpp"
#include "gguf_header.hpp"
#include "llama_api_generation.hpp"

namespace harness {
namespace {

// Types that one library knows and another does not: a message must name them all the same.
// I2_S is bitnet.cpp's ternary type; upstream had its number for a type that it has removed.
const std::pair<uint32_t, const char *> foreign_types[] = {
    {34, "TQ1_0"}, {35, "TQ2_0"}, {36, "I2_S"}, {39, "MXFP4"}, {40, "NVFP4"}, {134, "IQ1_BN"}, {135, "IQ2_BN"},
};

// The metadata keys of special tokens; `seperator` is how the format spells it.
const std::pair<const char *, const char *> special_token_keys[] = {
    {"bos", "tokenizer.ggml.bos_token_id"},       {"eos", "tokenizer.ggml.eos_token_id"},
    {"eot", "tokenizer.ggml.eot_token_id"},       {"unk", "tokenizer.ggml.unknown_token_id"},
    {"sep", "tokenizer.ggml.seperator_token_id"}, {"pad", "tokenizer.ggml.padding_token_id"},
};

bool library_knows(uint32_t type) {
    return type < GGML_TYPE_COUNT && ggml_blck_size(static_cast<ggml_type>(type)) > 0;
}

// `q4_K` is written Q4_K, as in names of files.
std::string type_name(uint32_t type) {
    if (!library_knows(type)) {
        for (const auto & foreign : foreign_types) {
            if (foreign.first == type) {
                return foreign.second;
            }
        }
        return "type-" + std::to_string(type);
    }
    std::string name = ggml_type_name(static_cast<ggml_type>(type));
    for (char & c : name) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

uint32_t number_or_zero(const gguf_header & header, const std::string & key) {
    const auto found = header.numbers.find(key);
    return found == header.numbers.end() ? 0 : found->second;
}

gguf_facts facts_of(const gguf_header & header, const std::string & path) {
    const auto architecture = header.texts.find("general.architecture");
    if (architecture == header.texts.end()) {
        throw failure(exit_code::bad_input, path + ": metadata `general.architecture` is missing or no string");
    }
    gguf_facts facts;
    facts.architecture = architecture->second;
    facts.context = number_or_zero(header, facts.architecture + ".context_length");
    const auto tokens = header.array_lengths.find("tokenizer.ggml.tokens");
    if (tokens != header.array_lengths.end()) {
        facts.vocabulary_size = static_cast<uint32_t>(tokens->second);
    }
    for (const auto & named : special_token_keys) {
        const auto found = header.numbers.find(named.second);
        // An id beyond the vocabulary is no token; llama.cpp passes over it, too.
        if (found != header.numbers.end() && found->second < facts.vocabulary_size) {
            facts.special_tokens[named.first] = found->second;
        }
    }
    for (const auto & counted : header.type_counts) {
        facts.tensor_type_counts[type_name(counted.first)] += counted.second;
        if (!library_knows(counted.first)) {
            facts.unreadable = std::string("this ") + build_facts::library_name +
                               " does not know the tensor type " + type_name(counted.first) + " (number " +
                               std::to_string(counted.first) + ")";
        }
    }
    if (facts.unreadable.empty()) {
        facts.unreadable = generation::objection(header);
    }
    return facts;
}

}  // namespace

gguf_facts read_gguf_facts(const std::string & path) {
    const gguf_header header = read_gguf_header(path);
    const gguf_facts facts = facts_of(header, path);
    if (!facts.unreadable.empty()) {
        return facts;
    }
    generation::check_file(header, path);
    return facts;
}

void require_readable(const std::string & path) {
    const gguf_facts facts = read_gguf_facts(path);
    if (!facts.unreadable.empty()) {
        throw failure(exit_code::unavailable, path + ": " + facts.unreadable);
    }
}

}  // namespace harness
