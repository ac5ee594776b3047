#include "gguf_facts.hpp"

#include <memory>
#include <utility>

#include "error.hpp"
#include "gguf.h"
#include "gguf_header.hpp"
#include "log.hpp"

namespace harness {
namespace {

struct gguf_deleter {
    void operator()(gguf_context * context) const { gguf_free(context); }
};
using gguf_ptr = std::unique_ptr<gguf_context, gguf_deleter>;

// bitnet.cpp's ternary type. Upstream had the number for a type that it has removed.
constexpr uint32_t type_i2_s = 36;

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
        return type == type_i2_s ? "I2_S" : "type-" + std::to_string(type);
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
            facts.unreadable = "this llama.cpp does not know the tensor type " + type_name(counted.first) +
                               " (number " + std::to_string(counted.first) + ")";
        }
    }
    return facts;
}

// The library's reader does not look whether the tensors' data are all there.
void check_data(const gguf_context * context, uint64_t file_bytes, const std::string & path) {
    const uint64_t data = gguf_get_data_offset(context);
    for (int64_t i = 0; i < gguf_get_n_tensors(context); ++i) {
        const uint64_t offset = gguf_get_tensor_offset(context, i);
        const uint64_t bytes = gguf_get_tensor_size(context, i);
        // Subtractions, because a sum of hostile numbers can wrap.
        if (data > file_bytes || offset > file_bytes - data || bytes > file_bytes - data - offset) {
            throw failure(exit_code::bad_input, path + ": tensor `" + gguf_get_tensor_name(context, i) + "` needs " +
                                                    std::to_string(bytes) + " bytes, the file of " +
                                                    std::to_string(file_bytes) + " bytes ends before");
        }
    }
}

}  // namespace

gguf_facts read_gguf_facts(const std::string & path) {
    const gguf_header header = read_gguf_header(path);
    const gguf_facts facts = facts_of(header, path);
    if (!facts.unreadable.empty()) {
        return facts;
    }
    forget_errors();
    gguf_init_params params = {};
    params.no_alloc = true;
    const gguf_ptr context(gguf_init_from_file(path.c_str(), params));
    if (!context) {
        throw failure(exit_code::bad_input, path + ": " + take_last_errors("not a sound GGUF file"));
    }
    check_data(context.get(), header.file_bytes, path);
    return facts;
}

void require_readable(const std::string & path) {
    const gguf_facts facts = read_gguf_facts(path);
    if (!facts.unreadable.empty()) {
        throw failure(exit_code::unavailable, path + ": " + facts.unreadable);
    }
}

}  // namespace harness
