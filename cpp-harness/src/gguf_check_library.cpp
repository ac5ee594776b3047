#include <memory>

#include "error.hpp"
#include "gguf.h"
#include "gguf_check.hpp"
#include "log.hpp"

namespace harness {
namespace {

struct gguf_deleter {
    void operator()(gguf_context * context) const { gguf_free(context); }
};
using gguf_ptr = std::unique_ptr<gguf_context, gguf_deleter>;

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

void check_by_library(const std::string & path, uint64_t file_bytes) {
    forget_errors();
    gguf_init_params params = {};
    params.no_alloc = true;
    const gguf_ptr context(gguf_init_from_file(path.c_str(), params));
    if (!context) {
        throw failure(exit_code::bad_input, path + ": " + take_last_errors("not a sound GGUF file"));
    }
    check_data(context.get(), file_bytes, path);
}

}  // namespace harness
