from pangolin.app import create_app
from pangolin.settings import Settings
from pangolin.web.http.logs import configure

settings = Settings.from_environ()
configure(settings)
app = create_app(settings)
