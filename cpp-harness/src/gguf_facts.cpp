#include "gguf_facts.hpp"

#include <cstdio>
#include <memory>

#include "error.hpp"
#include "gguf.h"
#include "log.hpp"

namespace harness {
namespace {

struct gguf_deleter {
    void operator()(gguf_context * context) const { gguf_free(context); }
};

uint32_t number_or_zero(const gguf_context * context, const std::string & key) {
    const int64_t place = gguf_find_key(context, key.c_str());
    if (place < 0 || gguf_get_kv_type(context, place) != GGUF_TYPE_UINT32) {
        return 0;
    }
    return gguf_get_val_u32(context, place);
}

}  // namespace

gguf_facts read_gguf_facts(const std::string & path) {
    gguf_init_params params = {};
    params.no_alloc = true;
    const std::unique_ptr<gguf_context, gguf_deleter> context(gguf_init_from_file(path.c_str(), params));
    if (!context) {
        if (std::FILE * file = std::fopen(path.c_str(), "rb")) {
            std::fclose(file);
            throw failure(exit_code::bad_input, path + ": " + take_last_errors("not a sound GGUF file"));
        }
        throw failure(exit_code::unavailable, path + ": cannot be opened");
    }
    gguf_facts facts;
    const int64_t architecture = gguf_find_key(context.get(), "general.architecture");
    if (architecture < 0 || gguf_get_kv_type(context.get(), architecture) != GGUF_TYPE_STRING) {
        throw failure(exit_code::bad_input, path + ": metadata \"general.architecture\" is missing");
    }
    facts.architecture = gguf_get_val_str(context.get(), architecture);
    facts.context = number_or_zero(context.get(), facts.architecture + ".context_length");
    const int64_t tokens = gguf_find_key(context.get(), "tokenizer.ggml.tokens");
    if (tokens >= 0 && gguf_get_kv_type(context.get(), tokens) == GGUF_TYPE_ARRAY) {
        facts.vocabulary_size = static_cast<uint32_t>(gguf_get_arr_n(context.get(), tokens));
    }
    for (int64_t i = 0; i < gguf_get_n_tensors(context.get()); ++i) {
        std::string name = ggml_type_name(gguf_get_tensor_type(context.get(), i));
        for (char & c : name) {
            c = c >= 'a' && c <= 'z' && c != 'K' ? static_cast<char>(c - 'a' + 'A') : c;
        }
        ++facts.tensor_type_counts[name];
    }
    return facts;
}

}  // namespace harness
